//! Running totals of system calls and threads, taken while the window is open, and the interval between two of them.

use std::collections::HashMap;

use tracer_common::{
    records::{Breakdown, CallStats, ThreadKey},
    syscall::Syscall,
};

use super::KernelMaps;
use crate::{
    model::{Histogram, HistogramBuilder, Interval, IntervalSyscall, SparseHistogram},
    snapshot::{IntervalData, ThreadProgress},
};

/// What the traced system calls added up to at one moment.
#[derive(Clone, Debug)]
pub struct Totals {
    /// CLOCK_MONOTONIC, ns.
    pub at_ns: u64,
    syscalls: Vec<SyscallTotals>,
    threads: HashMap<ThreadKey, ThreadProgress>,
}

#[derive(Clone, Debug)]
struct SyscallTotals {
    syscall: Syscall,
    bytes: u64,
    slow: u64,
    disk_blocked: u64,
    disk_ns: u64,
    latency: Histogram,
    disk: Histogram,
}

impl Totals {
    /// Nothing yet, at the opening of the window.
    #[must_use]
    pub fn zero(at_ns: u64, syscalls: &[Syscall]) -> Self {
        let syscalls = syscalls.iter().map(|&syscall| SyscallTotals {
            syscall,
            bytes: 0,
            slow: 0,
            disk_blocked: 0,
            disk_ns: 0,
            latency: Histogram::default(),
            disk: Histogram::default(),
        });
        Self { at_ns, syscalls: syscalls.collect(), threads: HashMap::new() }
    }

    /// The totals at `at_ns`.
    #[must_use]
    pub fn read(at_ns: u64, maps: &KernelMaps) -> Self {
        let slots: Vec<_> = maps.slots().collect();
        let total = |(row, &syscall): (usize, &Syscall)| {
            let mut latency = HistogramBuilder::default();
            let (mut bytes, mut slow, mut disk_blocked, mut disk_ns) = (0, 0, 0, 0);
            for (index, slot) in &slots {
                let Some(calls) = maps.calls(*index, slot, row) else { continue };
                let CallStats { buckets, bytes: b, slow: s, disk_blocked: d, disk_ns: n, .. } = calls;
                latency.add_counts(&buckets);
                bytes += b;
                slow += s;
                disk_blocked += d;
                disk_ns += n;
            }
            let disk = maps.breakdown(Breakdown::Disk, row);
            SyscallTotals { syscall, bytes, slow, disk_blocked, disk_ns, latency: latency.build(), disk }
        };
        let threads = slots.iter().map(|(_, slot)| {
            let progress = ThreadProgress {
                key: slot.key,
                turns: slot.turns.turns,
                disk_wait_ns: slot.disk_waits().wait_ns,
                behind: slot.behind.connections,
            };
            (slot.key, progress)
        });
        Self { at_ns, syscalls: maps.syscalls().iter().enumerate().map(total).collect(), threads: threads.collect() }
    }
}

/// What happened between `from` and `to`, of a window that opened at `opened_ns`.
#[must_use]
pub fn interval(opened_ns: u64, from: &Totals, to: &Totals) -> IntervalData {
    let interval = Interval {
        hostname: None,
        at_ns: from.at_ns.saturating_sub(opened_ns),
        duration_ns: to.at_ns.saturating_sub(from.at_ns),
        syscalls: from.syscalls.iter().zip(&to.syscalls).map(|(from, to)| difference(from, to)).collect(),
        event_loops: Vec::new(),
    };
    let mut threads: Vec<_> = to.threads.values().filter_map(|now| progress(from.threads.get(&now.key), now)).collect();
    threads.sort_by_key(|thread| thread.key);
    IntervalData { interval, threads }
}

/// What a thread did since `then`; `None`: nothing.
fn progress(then: Option<&ThreadProgress>, now: &ThreadProgress) -> Option<ThreadProgress> {
    let then = then.copied().unwrap_or_default();
    let since = ThreadProgress {
        key: now.key,
        turns: now.turns - then.turns,
        disk_wait_ns: now.disk_wait_ns - then.disk_wait_ns,
        behind: now.behind - then.behind,
    };
    (since != ThreadProgress { key: now.key, ..ThreadProgress::default() }).then_some(since)
}

fn difference(from: &SyscallTotals, to: &SyscallTotals) -> IntervalSyscall {
    let latency = sparse_difference(&from.latency, &to.latency);
    IntervalSyscall {
        name: to.syscall.info().name.into(),
        direction: to.syscall.info().direction.map(Into::into),
        calls: latency.buckets.iter().map(|&(_, _, count)| count).sum(),
        bytes: to.bytes - from.bytes,
        slow: to.slow - from.slow,
        disk_blocked: to.disk_blocked - from.disk_blocked,
        disk_wait_ns: to.disk_ns - from.disk_ns,
        latency,
        disk: sparse_difference(&from.disk, &to.disk),
    }
}

fn sparse_difference(from: &Histogram, to: &Histogram) -> SparseHistogram {
    let mut total = HistogramBuilder::default();
    total.add(to);
    total.remainder(&[from]).build().sparse()
}
