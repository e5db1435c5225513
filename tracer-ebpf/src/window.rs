//! Whose calls count, and when.

use tracer_common::targets::{EVERYBODY, IN_CGROUP, LISTED};

use crate::{cgroups, globals::global, maps, targets, task::Task};

/// Whether `task` belongs to the target. The first step of every probe: it is all that other processes pay.
///
/// One process or one thread is a comparison with constants; of the rest the verifier keeps what a run needs.
#[inline(always)]
pub fn is_target(task: Task) -> bool {
    let targets = global!(CONFIG.targets);
    if targets == 0 {
        let pid = global!(CONFIG.target_pid);
        let tid = global!(CONFIG.target_tid);
        return (pid == 0 || task.pid() == pid) && (tid == 0 || task.tid() == tid);
    }
    targets & LISTED != 0 && targets::is_listed(task)
        || targets & EVERYBODY != 0 && task.is_candidate()
        || targets & IN_CGROUP != 0 && cgroups::hold(task)
}

/// Lets tracer know that the probe fires, if `task`, whose calls do not count, is the thread of its own that tries.
#[inline(always)]
pub fn note_trial(task: Task) {
    if let Some(window) = maps::window_mut()
        && window.trial_tid != 0
        && window.trial_tid == u64::from(task.tid())
    {
        window.fired += 1;
    }
}

/// Whether a thread may cease to be a target while it goes on.
#[inline(always)]
pub fn members_may_leave() -> bool {
    global!(CONFIG.targets) & IN_CGROUP != 0 || global!(CONFIG.glob_tables) != 0
}

/// Whether the window is open.
#[inline(always)]
pub fn is_open() -> bool {
    maps::window().is_some_and(|window| window.is_open != 0)
}

/// CLOCK_BOOTTIME when the window opened, ns.
#[inline(always)]
pub fn opened_boottime_ns() -> u64 {
    maps::window().map_or(0, |window| window.opened_boottime_ns)
}

/// CLOCK_MONOTONIC when the window opened, ns.
#[inline(always)]
pub fn opened_ns() -> u64 {
    maps::window().map_or(0, |window| window.opened_ns)
}
