//! The threads of a process, by the ids that it knows them by itself.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use procfs::process::Process;

use crate::model::Pid;

/// A thread: its id may be another's later, its start not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    /// Thread id.
    pub tid: u32,
    /// Its start in clock ticks since the boot (proc(5)).
    pub start_ticks: u64,
}

/// The threads of process `pid` by their ids in its own pid namespace.
///
/// # Errors
/// If it has ended.
pub fn of(pid: Pid) -> Result<HashMap<u32, Task>> {
    let raw = i32::try_from(pid.0).context("no such process")?;
    let tasks = Process::new(raw).and_then(|process| process.tasks()).context("cannot list its threads")?;
    // One that ends meanwhile is none.
    Ok(tasks.flatten().filter_map(|task| listed(&task)).collect())
}

fn listed(task: &procfs::process::Task) -> Option<(u32, Task)> {
    let start_ticks = task.stat().ok()?.starttime;
    let ids = task.status().ok()?.nspid.unwrap_or_default();
    let tid = task.tid.unsigned_abs();
    Some((ids.last().map_or(tid, |own_id| own_id.unsigned_abs()), Task { tid, start_ticks }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threads_of_this_process_are_listed_with_their_start() {
        let tasks = of(Pid(std::process::id())).unwrap();
        let own = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        // The innermost namespace is the one that this process lives in.
        assert_eq!(tasks[&own].tid, own);
        assert!(tasks[&own].start_ticks > 0);
        assert!(of(Pid(1 << 22)).is_err());
    }
}
