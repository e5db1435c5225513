//! Whose calls count, and when.

use aya_ebpf::{EbpfContext, programs::TracePointContext};

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

/// The result of a system call, from a classic `sys_exit_*` tracepoint.
#[inline(always)]
pub fn tracepoint_result(ctx: &TracePointContext) -> i64 {
    // SAFETY: the context is an event of the tracepoint, whose `ret` is at 16
    // (events/syscalls/sys_exit_*/format).
    unsafe { core::ptr::read_volatile(ctx.as_ptr().add(16).cast::<i64>()) }
}
