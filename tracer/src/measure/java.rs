//! The names that JVMs among the targets have for their threads.

use std::collections::HashMap;

use tracer_common::records::{SleepingTask, ThreadKey};

use super::Observer;
use crate::{
    collect::{JavaNames, ProcessList, TargetProcess, Targets},
    snapshot::{Snapshot, ThreadData},
};

/// What processes that run a JVM are mostly called.
const JAVA: &str = "java";

/// Asks the JVMs among the targets for the names of their threads.
pub fn ask(targets: &Targets, list: &ProcessList, observer: &mut dyn Observer) -> Vec<JavaNames> {
    let is_given = |pid| targets.given.iter().any(|given| given.process.pid == pid);
    let found = list.processes().iter().filter(|process| process.comm == JAVA && !is_given(process.pid));
    let found: Vec<_> = found.filter_map(|process| TargetProcess::of_pid(process.pid).ok()).collect();
    let all = targets.given.iter().chain(&found);
    all.map(|process| JavaNames::ask(process, &mut |text| observer.warning(text))).collect()
}

/// What they answered, of the threads of a window that is open.
pub fn known(asked: &[JavaNames], snapshot: &Snapshot) -> HashMap<ThreadKey, String> {
    let keys = || {
        let asleep = snapshot.asleep.iter().flatten().map(|task| task.key);
        snapshot.threads.iter().map(|thread| thread.slot.key).chain(asleep)
    };
    asked.iter().flat_map(|java| java.known(keys())).collect()
}

/// What they answered, once more for threads that have started since.
pub fn names(
    asked: Vec<JavaNames>,
    threads: &[ThreadData],
    sleepers: &[SleepingTask],
    observer: &mut dyn Observer,
) -> HashMap<ThreadKey, String> {
    let names = asked.into_iter().map(|java| java.of(threads, sleepers, &mut |text| observer.warning(text)));
    names.flatten().collect()
}
