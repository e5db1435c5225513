//! Who is measured, before the window opens.

use std::{collections::HashMap, time::Duration};

use anyhow::Result;
use tracer_common::records::{SleepingTask, ThreadKey};

use super::Observer;
use crate::{
    collect::{self, JavaNames, KernelMaps, ProcessList, TargetProcess, Targets},
    options::Measurement,
    probe::Session,
    snapshot::ThreadData,
};

/// How often to look whether a target that is waited for is there.
const WAIT_INTERVAL: Duration = Duration::from_millis(10);

/// What processes that run a JVM are mostly called.
const JAVA: &str = "java";

/// Finds who is a target already. Where nobody is and somebody is waited for, returns once the window is open.
pub fn find_targets(
    options: &Measurement,
    targets: &Targets,
    session: &mut Session,
    maps: &KernelMaps,
    observer: &mut dyn Observer,
) -> Result<ProcessList> {
    let mut list = ProcessList::new(session.target_records()?);
    targets.given.iter().for_each(|given| list.add(given.process.clone()));
    if !session.lists_targets() {
        return Ok(list);
    }
    if options.target.wait {
        maps.arm_window();
    }
    list.extend(&session.targets(|| maps.target_counts())?);
    collect::ensure_somebody(&options.target, &list)?;
    if options.target.wait && targets.filter.is_listed() && list.processes().is_empty() {
        observer.waiting(&options.selector());
        while !maps.is_open() {
            std::thread::sleep(WAIT_INTERVAL);
        }
        list.drain();
    }
    Ok(list)
}

/// Asks the JVMs among the targets for the names of their threads.
pub fn ask_java(targets: &Targets, list: &ProcessList, observer: &mut dyn Observer) -> Vec<JavaNames> {
    let is_given = |pid| targets.given.iter().any(|given| given.process.pid == pid);
    let found = list.processes().iter().filter(|process| process.comm == JAVA && !is_given(process.pid));
    let found: Vec<_> = found.filter_map(|process| TargetProcess::of_pid(process.pid).ok()).collect();
    let all = targets.given.iter().chain(&found);
    all.map(|process| JavaNames::ask(process, &mut |text| observer.warning(text))).collect()
}

/// What they answered, once more for threads that have started since.
pub fn java_names(
    asked: Vec<JavaNames>,
    threads: &[ThreadData],
    sleepers: &[SleepingTask],
    observer: &mut dyn Observer,
) -> HashMap<ThreadKey, String> {
    let names = asked.into_iter().map(|java| java.of(threads, sleepers, &mut |text| observer.warning(text)));
    names.flatten().collect()
}
