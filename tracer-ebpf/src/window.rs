//! Whose calls count, and when.

use crate::{globals::global, maps, task::Task};

/// Whether `task` belongs to the target. The first step of every probe: it is all that other processes pay.
#[inline(always)]
pub fn is_target(task: Task) -> bool {
    let pid = global!(CONFIG.target_pid);
    let tid = global!(CONFIG.target_tid);
    (pid == 0 || task.pid() == pid) && (tid == 0 || task.tid() == tid)
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
