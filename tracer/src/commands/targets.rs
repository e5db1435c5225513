//! Recordings that were kept, those of the same target as one.

use std::path::PathBuf;

use anyhow::{Result, anyhow};

use crate::{
    analysis::merge::{Refusal, TargetId, merge, target_id},
    escape::escape,
    model::Recording,
    recordings::{self, Saved},
    stderr::say,
};

/// The recordings of these files, one for each target, in the order in which the targets come.
///
/// # Errors
/// If one cannot be read, or if those of a target do not merge.
pub fn read(files: &[PathBuf], verbose: bool) -> Result<Vec<Recording>> {
    let mut targets: Vec<(TargetId, Vec<Saved>)> = Vec::new();
    for saved in recordings::read(files)? {
        if verbose {
            say(&format!("tracer: read {}", escape(&saved.name)));
        }
        let target = target_id(&saved.recording);
        match targets.iter_mut().find(|(other, _)| *other == target) {
            Some((_, of_target)) => of_target.push(saved),
            None => targets.push((target, vec![saved])),
        }
    }
    targets.into_iter().map(|(_, saved)| merged(saved)).collect()
}

fn merged(saved: Vec<Saved>) -> Result<Recording> {
    let (names, recordings): (Vec<_>, Vec<_>) = saved.into_iter().map(|saved| (saved.name, saved.recording)).unzip();
    merge(recordings).map_err(|Refusal { between, why }| {
        let which: Vec<_> = between.iter().filter_map(|&place| names.get(place)).map(String::as_str).collect();
        let which = match which.as_slice() {
            [] => format!("{} recordings of one target", names.len()),
            which => which.join(" and "),
        };
        anyhow!("cannot merge {which}: {why}")
    })
}
