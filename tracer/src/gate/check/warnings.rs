//! What may make an answer mean less than it seems to, without changing it.

use crate::{
    escape::escape,
    gate::traced::families,
    model::{ProbeStatus, Recording},
    units::{counted, duration},
};

/// A sentence each.
pub fn of(recording: &Recording) -> Vec<String> {
    let mut warnings = Vec::new();
    let attached = recording.probes.iter().filter(|probe| probe.status == ProbeStatus::Attached);
    let untold: Vec<_> = attached.filter(|probe| probe.missed.is_none()).map(|probe| escape(&probe.name)).collect();
    if !untold.is_empty() {
        warnings.push(format!("{}: the kernel does not tell whether events were missed", untold.join(", ")));
    }
    let in_flight = || recording.syscalls.iter().flat_map(|row| &row.in_flight);
    let calls = in_flight().count() as u64;
    if calls > 0 {
        let longest = in_flight().filter_map(|call| call.since_ns).max();
        let longest = longest.map_or_else(String::new, |ns| format!(", the longest for {} so far", duration(ns)));
        let not_returned = counted(calls, "call had not returned", "calls had not returned");
        warnings.push(format!("{not_returned} when the window closed{longest}, which no limit of calls looks at"));
    }
    let made = |family: &str| recording.syscalls.iter().any(|row| row.family == family && row.calls > 0);
    let traced = families(recording);
    let asked_for = recording.families.iter().filter(|family| traced.contains(&family.as_str()));
    let quiet: Vec<_> = asked_for.filter(|family| !made(family)).map(|family| escape(family)).collect();
    if !quiet.is_empty() && traced.into_iter().any(made) {
        warnings.push(format!("{}: no such call was made, so nothing is shown of these", quiet.join(", ")));
    }
    warnings
}
