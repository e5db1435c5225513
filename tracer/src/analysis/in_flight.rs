//! Calls in flight: those that had not returned when the window closed, and those that were stuck in it
//! from before it opened.

use std::collections::HashMap;

use tracer_common::{
    records::{Call, SleepingTask, ThreadKey},
    syscall::Syscall,
};

use super::roles::Roles;
use crate::{
    model::InFlight,
    snapshot::{Snapshot, ThreadData},
};

/// The calls of `syscall` in flight, the longest first.
pub fn calls(snapshot: &Snapshot, syscall: Syscall, roles: &Roles) -> Vec<InFlight> {
    let asleep: HashMap<_, _> = asleep_in(snapshot, syscall).map(|task| (task.key, task)).collect();
    let entered =
        snapshot.threads.iter().filter_map(|thread| entered_inside(snapshot, thread, syscall, roles, &asleep));
    let returned = snapshot.threads.iter().filter_map(|thread| returned_inside(snapshot, thread, syscall, roles));
    let stuck = asleep_in(snapshot, syscall).filter_map(|task| stuck_throughout(snapshot, task, syscall, roles));
    let mut calls: Vec<_> = stuck.chain(returned).chain(entered).collect();
    calls.sort_by_key(|call| match call.since_ns {
        None => (0, 0),
        Some(since_ns) => (1, u64::MAX - since_ns),
    });
    calls
}

/// A call that was entered inside the window.
fn entered_inside(
    snapshot: &Snapshot,
    thread: &ThreadData,
    syscall: Syscall,
    roles: &Roles,
    asleep: &HashMap<ThreadKey, &SleepingTask>,
) -> Option<InFlight> {
    is_active(thread, syscall).then(|| InFlight {
        thread: roles.thread_ref(thread),
        since_ns: Some(snapshot.closed_ns.saturating_sub(thread.slot.call.since_ns)),
        returned_at_ns: None,
        waits_for_disk: asleep.get(&thread.slot.key).map(|task| waits_for_disk(task)),
    })
}

/// A call from before the window that returned inside it, if it was stuck for at least the threshold.
fn returned_inside(snapshot: &Snapshot, thread: &ThreadData, syscall: Syscall, roles: &Roles) -> Option<InFlight> {
    let slot = &thread.slot;
    // Where its return goes unseen, it was soon after it woke up for the last time.
    let is_still_in_it = || slot.entered == 0 && asleep_in(snapshot, syscall).any(|task| task.key == slot.key);
    let returned_ns = if snapshot.sees_returns_of_earlier_calls() {
        slot.returned_at_ns
    } else if is_still_in_it() {
        return None;
    } else {
        slot.woken_at_ns
    };
    let returned_at_ns = returned_ns.checked_sub(snapshot.opened_ns)?;
    (Call::syscall_of(slot.returned_from) == Some(syscall) && returned_at_ns >= snapshot.threshold_ns).then(|| {
        InFlight {
            thread: roles.thread_ref(thread),
            since_ns: None,
            returned_at_ns: Some(returned_at_ns),
            waits_for_disk: None,
        }
    })
}

/// A call from before the window that has not returned: its thread sleeps in it, and entered none since.
fn stuck_throughout(snapshot: &Snapshot, task: &SleepingTask, syscall: Syscall, roles: &Roles) -> Option<InFlight> {
    let is_known = |thread: &ThreadData| Call::syscall_of(thread.slot.call.active).is_some();
    let entered_since = roles.thread(&task.key, snapshot).is_some_and(is_known);
    // Of several directions nobody knows which it is.
    (!entered_since && syscall.stands_for_its_number()).then(|| InFlight {
        thread: roles.sleeper_ref(task),
        since_ns: None,
        returned_at_ns: None,
        waits_for_disk: Some(waits_for_disk(task)),
    })
}

fn is_active(thread: &ThreadData, syscall: Syscall) -> bool {
    Call::syscall_of(thread.slot.call.active) == Some(syscall)
}

/// The threads that slept in `syscall` when the window closed.
fn asleep_in(snapshot: &Snapshot, syscall: Syscall) -> impl Iterator<Item = &SleepingTask> {
    let number = i64::from(syscall.info().number);
    snapshot.asleep.iter().flatten().filter(move |task| task.syscall_number == number)
}

/// Whether a task that was found asleep waits for storage.
#[must_use]
pub fn waits_for_disk(task: &SleepingTask) -> bool {
    task.in_iowait != 0 && task.is_uninterruptible()
}
