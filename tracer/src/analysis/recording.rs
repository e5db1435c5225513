//! The recording as a whole.

use std::cmp::Reverse;

use super::{calls, culprits, event_loops, page_cache, roles::Roles, stacks::StackTable, verdict, waits};
use crate::{
    model::{Losses, Recording, Role, SCHEMA_VERSION, ThreadRecord, Tool, Window},
    snapshot::{Snapshot, ThreadData},
};

/// What `snapshot` says.
#[must_use]
pub fn recording(snapshot: &Snapshot) -> Recording {
    let roles = Roles::of(snapshot);
    let syscalls = calls::records(snapshot, &roles);
    let threads = thread_records(snapshot, &roles);
    let event_loops = event_loops::rows(snapshot, &roles);
    let losses = Losses {
        slow_calls_dropped: dropped(snapshot),
        processes_dropped: Some(snapshot.processes_dropped),
        threads_dropped: snapshot.losses.threads_dropped,
        calls_uncounted: snapshot.losses.calls_uncounted,
        records_dropped: Some(snapshot.losses.records_dropped),
        parts_clamped: snapshot.losses.parts_clamped,
        stacks_dropped: snapshot.stacks.as_ref().map(|_| snapshot.losses.stacks_dropped),
    };
    let stacks = snapshot.stacks.as_ref().map(|found| StackTable::of(snapshot, found, &roles));
    let verdict = verdict::verdict(&verdict::Evidence {
        snapshot,
        syscalls: &syscalls,
        threads: &threads,
        event_loops: &event_loops,
        losses: &losses,
    });
    Recording {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        hosts: vec![snapshot.host.clone()],
        labels: snapshot.labels.clone(),
        families: snapshot.families.iter().map(|family| family.name().into()).collect(),
        target: snapshot.target.clone(),
        window: Window { start: snapshot.start, duration_ns: snapshot.duration_ns() },
        threshold_ns: snapshot.threshold_ns,
        blocked_share: snapshot.blocked_share,
        probes: snapshot.probes.clone(),
        losses,
        page_cache: page_cache::record(snapshot, &roles),
        intervals: event_loops::intervals(snapshot, &syscalls, &roles),
        syscalls,
        event_loops,
        threads,
        slow_calls: culprits::slow_calls(snapshot, &roles, stacks.as_ref()),
        stacks: stacks.map(|table| table.stacks),
        verdict,
        runs: Vec::new(),
    }
}

/// Records of slow and disk-blocked calls that were dropped.
fn dropped(snapshot: &Snapshot) -> u64 {
    snapshot.culprits.iter().flat_map(|culprits| &culprits.untold).map(|untold| untold.dropped.calls).sum()
}

/// The threads that made traced calls, waited for the disk or wait for events; those that waited longest
/// for the disk first.
fn thread_records(snapshot: &Snapshot, roles: &Roles) -> Vec<ThreadRecord> {
    let took_part = |thread: &&ThreadData| roles.role(&thread.slot.key) != Role::Unknown;
    let mut records: Vec<_> = snapshot
        .threads
        .iter()
        .filter(took_part)
        .map(|thread| {
            let disk = thread.slot.disk_waits();
            ThreadRecord {
                thread: roles.thread_ref(thread),
                disk_waits: disk.waits.into(),
                disk_wait_ns: disk.wait_ns,
                disk_wait_max_ns: Some(disk.max_ns),
                by_syscall: Some(waits::by_syscall(&thread.slot)),
                still_waiting: waits::still_waiting(snapshot, &thread.slot),
            }
        })
        .collect();
    records.sort_by_key(|record| (Reverse(record.disk_wait_ns), record.thread.tid));
    records
}
