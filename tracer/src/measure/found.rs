//! Who is there to be measured when the window opens.

use std::time::Duration;

use anyhow::Result;

use super::patience::Patience;
use crate::{
    collect::{self, KernelMaps, ProcessList, Targets},
    options::Measurement,
    probe::Session,
};

/// How often to look whether a target that is waited for is there.
const WAIT_INTERVAL: Duration = Duration::from_millis(10);

/// Finds who is a target already. Where nobody is and somebody is waited for, returns once the window is open.
///
/// # Errors
/// If nobody is there, and nobody is waited for; or if the command is ended meanwhile.
pub fn find_targets(
    options: &Measurement,
    targets: &Targets,
    session: &mut Session,
    maps: &KernelMaps,
    patience: &mut Patience<'_>,
) -> Result<ProcessList> {
    let mut list = ProcessList::new(session.target_records()?);
    targets.given.iter().for_each(|given| list.add(given.process.clone()));
    if !session.lists_targets() {
        return Ok(list);
    }
    if options.outlives_target {
        list.extend(&session.targets(|| maps.target_counts())?);
        return Ok(list);
    }
    if options.target.wait {
        maps.arm_window();
    }
    list.extend(&session.targets(|| maps.target_counts())?);
    collect::ensure_somebody(&options.target, &list)?;
    if options.target.wait && targets.filter.is_listed() && list.processes().is_empty() {
        let selector = options.target.selector();
        while !maps.is_open() {
            patience.pause(&selector, WAIT_INTERVAL)?;
        }
        list.drain();
    }
    Ok(list)
}
