//! What does not merge, and why: figures that cannot be added, and calls that would be counted twice.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    hosts::{HostId, Hosts},
    runs,
    target::target_id,
};
use crate::{model::Recording, units};

/// Why recordings do not merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which of them, by their places in the list; empty if it is all of them together.
    pub between: Vec<usize>,
    /// Why, in one sentence.
    pub why: String,
}

impl Refusal {
    fn between(one: usize, other: usize, why: String) -> Self {
        Self { between: vec![one, other], why }
    }

    pub(super) fn of_all(why: &str) -> Self {
        Self { between: Vec::new(), why: why.into() }
    }

    pub(super) fn of(one: usize, why: &str) -> Self {
        Self { between: vec![one], why: why.into() }
    }
}

/// Whether all of them can be added to the first.
pub fn check(recordings: &[Recording], hosts: &Hosts) -> Result<(), Refusal> {
    let Some((first, others)) = recordings.split_first() else { return Ok(()) };
    for (place, other) in others.iter().enumerate() {
        if let Some(why) = difference(first, other) {
            return Err(Refusal::between(0, place + 1, why));
        }
    }
    twice(recordings, hosts)
}

/// Why the figures of two recordings cannot be added.
fn difference(one: &Recording, other: &Recording) -> Option<String> {
    if target_id(one) != target_id(other) {
        return Some("they are of different targets".into());
    }
    if one.threshold_ns != other.threshold_ns {
        let [one, other] = [one, other].map(|recording| units::setting(recording.threshold_ns));
        return Some(format!("their thresholds differ ({one}, {other}): what is slow in one is not in the other"));
    }
    if one.blocked_share.to_bits() != other.blocked_share.to_bits() {
        let [one, other] = [one, other].map(|recording| units::share(recording.blocked_share));
        return Some(format!(
            "they call an event loop blocked from different shares of the window on ({one}, {other})"
        ));
    }
    let [one, other] = [one, other].map(|recording| {
        let told = recording.families.iter().map(String::as_str);
        // Older recordings do not say.
        let traced = recording.syscalls.iter().filter(|_| recording.families.is_empty());
        told.chain(traced.map(|syscall| syscall.family.as_str()))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(" + ")
    });
    (one != other).then(|| format!("they are of different families of calls ({one}; {other})"))
}

/// Whom a run watched, as far as it could count the same call as another run.
type Watched = (HostId, String, u64);

/// Whether two runs watched the same process at the same time.
fn twice(recordings: &[Recording], hosts: &Hosts) -> Result<(), Refusal> {
    let mut windows: BTreeMap<Watched, Vec<(i128, i128, usize)>> = BTreeMap::new();
    for (place, recording) in recordings.iter().enumerate() {
        for run in &recording.runs {
            let host = hosts.with_name(run.hostname.as_deref());
            let host = host.ok_or_else(|| Refusal::of(place, "a run is of a host that it does not list"))?;
            let mut watched: Vec<_> =
                run.target.processes.iter().map(|process| (process.pid.to_string(), process.start_time_ns)).collect();
            if watched.is_empty() {
                watched.push((run.target.selector.clone(), 0));
            }
            let window = (run.window.start.as_nanosecond(), runs::end_ns(&run.window), place);
            for (process, start_time_ns) in watched {
                windows.entry((host.clone(), process, start_time_ns)).or_default().push(window);
            }
        }
    }
    for windows in windows.values_mut() {
        windows.sort_unstable();
        // Windows come in the order of their starts, so each must begin after the end of all before it.
        for pair in windows.windows(2) {
            let ((start, end, one), (next, _, other)) = (pair[0], pair[1]);
            if next < end || next == start {
                let why = "they watched the same process at the same time: its calls would count twice";
                return Err(Refusal::between(one, other, why.into()));
            }
        }
    }
    Ok(())
}
