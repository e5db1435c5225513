//! A turn of an event loop begins: its readiness wait returns with events.

use crate::{
    slots::{self, Slot},
    task::Task,
    window,
};

/// The current thread returns from `epoll_wait` or its kin with `result`: the number of events, or −errno. What it
/// slept on without an event to take, the context switch tells.
#[inline(always)]
pub fn returned(result: i64) {
    let task = Task::current();
    if result <= 0 || !window::is_target(task) || !window::is_open() {
        return;
    }
    let Some(Slot { thread, .. }) = slots::find_or_claim(task) else {
        slots::count_dropped(task);
        return;
    };
    thread.turns += 1;
    thread.ready_events += result as u64;
    thread.epoll_fd = task.registers().first() as u32;
}
