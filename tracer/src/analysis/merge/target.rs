//! Whether recordings are of the same target: one program, wherever and however often it runs.

use std::collections::BTreeSet;

use crate::model::{Process, Recording, Target, program};

/// What recordings of the same target have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetId {
    selector: Option<String>,
    programs: BTreeSet<(String, Option<String>)>,
    thread_of: Option<(String, BTreeSet<(u32, u64)>)>,
}

/// The target of a recording. Processes that were chosen by their ids are known by what they run, since each start of a
/// program has another id; one thread of a process by that process and its id; all else by how it was chosen.
#[must_use]
pub fn target_id(recording: &Recording) -> TargetId {
    let target = recording.runs.first().map_or(&recording.target, |run| &run.target);
    let by = |option: &str| target.selector.split(' ').any(|word| word == option) && !target.processes.is_empty();
    if by("--tid") {
        let boot = recording.hosts.first().map_or("", |host| &host.boot_id);
        let processes = target.processes.iter().map(|process| (process.pid.0, process.start_time_ns));
        TargetId {
            selector: Some(target.selector.clone()),
            programs: BTreeSet::new(),
            thread_of: Some((boot.into(), processes.collect())),
        }
    } else if by("--pid") {
        TargetId { selector: None, programs: programs(target), thread_of: None }
    } else {
        TargetId { selector: Some(target.selector.clone()), programs: BTreeSet::new(), thread_of: None }
    }
}

fn programs(target: &Target) -> BTreeSet<(String, Option<String>)> {
    target.processes.iter().map(|process: &Process| (process.comm.clone(), program(process))).collect()
}
