//! The event loops: their turns, how busy they were, what blocked them, and who waited behind.

use std::cmp::Reverse;

use tracer_common::turns::ReadySet;

use super::{roles::Roles, turns, waits};
use crate::{
    model::{EventLoop, Histogram, Interval, IntervalLoop, IntervalSyscall, Probe, Role, SyscallRecord, ThreadRef},
    snapshot::{Snapshot, ThreadData},
};

/// The event loops, those that waited longest for the disk first, and those that were parked all along.
pub fn rows(snapshot: &Snapshot, roles: &Roles) -> Vec<EventLoop> {
    let active = snapshot.threads.iter().filter(|thread| roles.role(&thread.slot.key) == Role::EventLoop);
    let active = active.map(|thread| active_loop(snapshot, thread, roles));
    let parked = snapshot.parked().into_iter().filter(|(task, _)| roles.role(&task.key) == Role::EventLoop);
    let parked = parked.map(|(task, set)| EventLoop {
        waiting_ns: sees_turns(snapshot).then(|| snapshot.duration_ns()),
        behind: Some(0),
        ..quiet_loop(snapshot, roles.sleeper_ref(task), watched(snapshot, task.key.pid, Some(set)))
    });
    let mut loops: Vec<_> = active.chain(parked).collect();
    loops.sort_by_key(|row| (Reverse(row.disk_wait_ns), row.thread.tid));
    loops
}

/// The pieces of the window, now that it is known who is an event loop, and which rows `syscalls` has.
pub fn intervals(snapshot: &Snapshot, syscalls: &[SyscallRecord], roles: &Roles) -> Vec<Interval> {
    let sees_turns = sees_turns(snapshot);
    let pieces = snapshot.intervals.iter().map(|piece| {
        let loops = piece.threads.iter().filter(|thread| roles.role(&thread.key) == Role::EventLoop);
        let event_loops = loops.filter_map(|progress| {
            Some(IntervalLoop {
                thread: roles.thread_ref(roles.thread(&progress.key, snapshot)?),
                turns: sees_turns.then_some(progress.turns),
                disk_wait_ns: progress.disk_wait_ns,
                behind: progress.behind,
            })
        });
        let is_shown = |row: &&IntervalSyscall| {
            syscalls
                .iter()
                .any(|shown| shown.name == row.name && (shown.direction == row.direction || shown.calls == 0))
        };
        let rows = piece.interval.syscalls.iter().filter(is_shown).cloned();
        Interval { event_loops: event_loops.collect(), syscalls: rows.collect(), ..piece.interval.clone() }
    });
    pieces.collect()
}

fn sees_turns(snapshot: &Snapshot) -> bool {
    snapshot.is_attached(Probe::READINESS)
}

/// How many descriptors were seen in a set of process `pid`; `None`: it could not be looked at as a whole.
fn watched(snapshot: &Snapshot, pid: u32, set: Option<ReadySet>) -> Option<u64> {
    let set = set.filter(|_| !snapshot.hidden.contains(&pid));
    Some(snapshot.watched.get(&set?.identity())?.descriptors)
}

/// An event loop that did nothing.
fn quiet_loop(snapshot: &Snapshot, thread: ThreadRef, watched: Option<u64>) -> EventLoop {
    let measured = sees_turns(snapshot).then_some(0);
    let none = sees_turns(snapshot).then(Histogram::default);
    EventLoop {
        thread,
        watched,
        turns: measured,
        ready_events: measured,
        waiting_ns: measured,
        busy_ns: measured,
        disk_waits: 0,
        disk_wait_ns: 0,
        behind: None,
        behind_max: None,
        behind_capped: None,
        turn_latency: none.clone(),
        turn_latency_without_disk: none,
        worst_turn: None,
        by_syscall: Vec::new(),
    }
}

fn active_loop(snapshot: &Snapshot, data: &ThreadData, roles: &Roles) -> EventLoop {
    let slot = &data.slot;
    let (set, disk) = (slot.ready_set(), slot.disk_waits());
    let row = EventLoop {
        disk_waits: disk.waits.into(),
        disk_wait_ns: disk.wait_ns,
        by_syscall: waits::by_syscall(slot),
        ..quiet_loop(snapshot, roles.thread_ref(data), watched(snapshot, data.slot.key.pid, set))
    };
    let row = if sees_turns(snapshot) {
        let (latency, without_disk) = turns::latency(data).unzip();
        let (waiting_ns, busy_ns) = turns::utilisation(snapshot, data);
        EventLoop {
            turns: Some(slot.turns.turns),
            ready_events: turns::tells_events(slot).then_some(slot.turns.ready_events),
            waiting_ns: Some(waiting_ns),
            busy_ns: Some(busy_ns),
            turn_latency: latency,
            turn_latency_without_disk: without_disk,
            worst_turn: turns::worst(snapshot, data),
            ..row
        }
    } else {
        row
    };
    if !knows_behind(snapshot, data) {
        return row;
    }
    EventLoop {
        behind: Some(slot.behind.connections),
        behind_max: Some(slot.behind.max.into()),
        behind_capped: Some(slot.behind.capped.into()),
        ..row
    }
}

/// Whether it is known who waited behind the disk waits of an event loop: they must have been in traced calls.
fn knows_behind(snapshot: &Snapshot, data: &ThreadData) -> bool {
    let blocked: u64 = data.calls.iter().flatten().map(|calls| calls.disk_blocked).sum();
    let is_counted = snapshot.counts_behind && matches!(data.slot.ready_set(), Some(ReadySet::Epoll(_)));
    data.slot.disk_waits().waits == 0 || blocked > 0 && is_counted
}
