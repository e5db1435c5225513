//! One traced system call: the sums over its threads, and what is only known per CPU.

use std::{cmp::Reverse, collections::BTreeMap};

use tracer_common::records::CallStats;

use super::{culprits, errno, in_flight, roles::Roles};
use crate::{
    model::{
        ByCause, Histogram, HistogramBuilder, Probe, ProcessCalls, SyscallRecord, ThreadCalls, TimeNs, memory_share,
    },
    options::Family,
    snapshot::{Snapshot, SyscallData, ThreadData},
};

/// What the system call at `index` of the snapshot did.
fn record(snapshot: &Snapshot, index: usize, roles: &Roles) -> SyscallRecord {
    let data = &snapshot.syscalls[index];
    let sees_pages = snapshot.is_attached(Probe::PAGE_CACHE);
    let took_part = |thread| Some((thread, calls_of(thread, index).filter(|calls| calls.latency_sum_ns > 0)?));
    let threads: Vec<(&ThreadData, &CallStats)> = snapshot.threads.iter().filter_map(took_part).collect();
    let sums = Sums::of(threads.iter().map(|&(_, calls)| calls));
    let latency = sums.latency.build();

    let mut rows: Vec<_> =
        threads.iter().map(|(thread, calls)| thread_calls(thread, calls, sees_pages, roles)).collect();
    rows.sort_by_key(|row| (Reverse(row.disk_wait_ns), Reverse(row.latency.sum_ns()), row.thread.tid));

    let info = data.syscall.info();
    let errors_by_name = data.errors.iter().map(|&(number, count)| (errno::name(number), count));
    SyscallRecord {
        name: info.name.into(),
        family: Family::of(data.syscall).name().into(),
        direction: info.direction.map(Into::into),
        calls: latency.count(),
        errors: sums.errors,
        errors_by_name: errors_by_name.collect::<BTreeMap<_, _>>(),
        bytes: sums.bytes,
        slow: sums.slow,
        disk_blocked: sums.disk_blocked,
        disk_waits: sums.disk_waits,
        cold_requested: sees_pages.then_some(sums.cold_requested),
        read_ahead: sees_pages.then_some(sums.read_ahead),
        pages: sees_pages.then_some(sums.pages),
        direct_calls: snapshot.files.is_some().then_some(sums.direct_calls),
        direct_bytes: snapshot.files.is_some().then_some(sums.direct_bytes),
        memory_share: sees_pages.then(|| memory_share(sums.cold_requested, sums.pages)).flatten(),
        time_ns: TimeNs {
            on_cpu: latency.sum_ns().saturating_sub(sums.disk_ns + sums.runqueue_ns + sums.other_ns),
            disk: sums.disk_ns,
            runqueue: sums.runqueue_ns,
            other: sums.other_ns,
        },
        by_cause: by_cause(data, &sums),
        without_disk: without_disk(data, &sums),
        latency,
        processes: processes(&rows),
        threads: rows,
        files: snapshot.culprits.as_ref().map(|told| culprits::files(told, data.syscall)),
        clients: snapshot.culprits.as_ref().map(|told| culprits::clients(told, data.syscall, &snapshot.peer_labels)),
        in_flight: in_flight::calls(snapshot, data.syscall, roles),
    }
}

/// What a thread did with the system call at `index` of the snapshot.
fn calls_of(thread: &ThreadData, index: usize) -> Option<&CallStats> {
    thread.calls.get(index)?.as_deref()
}

/// The rows of all traced system calls. Of one with several directions those that were called; one that was not called
/// at all has one row, without a direction.
pub fn records(snapshot: &Snapshot, roles: &Roles) -> Vec<SyscallRecord> {
    let rows =
        (0..snapshot.syscalls.len()).map(|index| (snapshot.syscalls[index].syscall, record(snapshot, index, roles)));
    let rows: Vec<_> = rows.collect();
    let has_called_sibling =
        |row: &SyscallRecord| rows.iter().any(|(_, other)| other.name == row.name && was_seen(other));
    let kept: Vec<_> = rows
        .iter()
        .filter(|(syscall, row)| was_seen(row) || syscall.stands_for_its_number() && !has_called_sibling(row))
        .map(|(_, row)| SyscallRecord { direction: row.direction.clone().filter(|_| row.calls > 0), ..row.clone() })
        .collect();
    kept
}

fn was_seen(row: &SyscallRecord) -> bool {
    row.calls > 0 || !row.in_flight.is_empty()
}

/// Sums over the threads.
#[derive(Default)]
struct Sums {
    latency: HistogramBuilder,
    on_cpu: Option<(u64, u64)>,
    errors: u64,
    bytes: u64,
    pages: u64,
    slow: u64,
    disk_blocked: u64,
    disk_waits: u64,
    disk_ns: u64,
    runqueue_ns: u64,
    other_ns: u64,
    cold_requested: u64,
    read_ahead: u64,
    direct_calls: u64,
    direct_bytes: u64,
}

impl Sums {
    fn of<'a>(threads: impl Iterator<Item = &'a CallStats>) -> Self {
        let mut sums = Self::default();
        let mut on_cpu = HistogramBuilder::default();
        for calls in threads {
            add_latency(&mut sums.latency, calls);
            on_cpu.add_extremes(calls.on_cpu.range_ns());
            sums.errors += calls.errors;
            sums.bytes += calls.bytes;
            sums.pages += calls.pages;
            sums.slow += calls.slow;
            sums.disk_blocked += calls.disk_blocked;
            sums.disk_waits += calls.disk_waits;
            sums.disk_ns += calls.disk_ns;
            sums.runqueue_ns += calls.runqueue_ns;
            sums.other_ns += calls.other_ns;
            sums.cold_requested += calls.cold_requested;
            sums.read_ahead += calls.read_ahead;
            sums.direct_calls += calls.direct_calls;
            sums.direct_bytes += calls.direct_bytes;
        }
        sums.on_cpu = on_cpu.extremes();
        sums
    }
}

fn add_latency(builder: &mut HistogramBuilder, calls: &CallStats) {
    builder.add_counts(&calls.buckets);
    builder.add_sum(calls.latency_sum_ns);
    builder.add_extremes(calls.on_cpu.range_ns());
    builder.add_extremes(calls.blocked.range_ns());
}

/// Calls that ran all along have no histogram of their own: they are what the other causes leave over.
fn by_cause(data: &SyscallData, sums: &Sums) -> ByCause {
    let mut on_cpu = sums.latency.remainder(&[&data.disk, &data.other, &data.runqueue]);
    on_cpu.set_extremes(sums.on_cpu);
    ByCause {
        on_cpu: on_cpu.build(),
        disk: data.disk.clone(),
        runqueue: data.runqueue.clone(),
        other: data.other.clone(),
    }
}

/// Latency less the disk part: disk-blocked calls give way to what would have been left of them.
fn without_disk(data: &SyscallData, sums: &Sums) -> Histogram {
    let mut rest = sums.latency.remainder(&[&data.disk]);
    rest.set_extremes(sums.on_cpu);
    for part in [&data.other, &data.runqueue, &data.without_disk] {
        rest.add_extremes(part.min_ns().zip(part.max_ns()));
    }
    rest.add_values(&data.without_disk);
    rest.build()
}

fn thread_calls(thread: &ThreadData, calls: &CallStats, sees_pages: bool, roles: &Roles) -> ThreadCalls {
    let mut latency = HistogramBuilder::default();
    add_latency(&mut latency, calls);
    let latency = latency.build();
    ThreadCalls {
        thread: roles.thread_ref(thread),
        calls: latency.count(),
        errors: calls.errors,
        bytes: calls.bytes,
        slow: calls.slow,
        disk_blocked: calls.disk_blocked,
        disk_waits: calls.disk_waits,
        disk_wait_ns: calls.disk_ns,
        cold_requested: sees_pages.then_some(calls.cold_requested),
        read_ahead: sees_pages.then_some(calls.read_ahead),
        max_ns: latency.max_ns(),
        latency,
    }
}

/// The sums per process. One pass: there may be ten thousand of each.
fn processes(threads: &[ThreadCalls]) -> Vec<ProcessCalls> {
    let mut sums = BTreeMap::new();
    for row in threads {
        let pid = row.thread.pid;
        let none = ProcessCalls { hostname: None, pid, calls: 0, bytes: 0, slow: 0, disk_blocked: 0, disk_wait_ns: 0 };
        let sum = sums.entry(pid).or_insert(none);
        sum.calls += row.calls;
        sum.bytes += row.bytes;
        sum.slow += row.slow;
        sum.disk_blocked += row.disk_blocked;
        sum.disk_wait_ns += row.disk_wait_ns;
    }
    sums.into_values().collect()
}
