//! What is shown: the recording of the window so far, the slow calls that have come since, and the threads as rows.

use std::collections::{HashMap, VecDeque};

use crate::{
    analysis::{stranger, told_call},
    model::{EventLoop, Recording, SlowCallRecord, ThreadCalls, ThreadRecord, ThreadRef},
    render::percentile::{merged, of_buckets},
    snapshot::CallData,
};

/// So many slow calls are kept to be shown.
const MOST_CALLS: usize = 200;

/// Recorded intervals, a second each, that are recent.
const RECENT: usize = 10;

/// What tells a thread from all others on a host: process, id and start.
pub type ThreadId = (u32, u32, u64);

/// What has been seen so far.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The window so far.
    pub recording: Recording,
    /// A row for each thread that took part.
    pub threads: Vec<ThreadRow>,
    /// The newest slow and disk-blocked calls, the newest last.
    pub calls: VecDeque<SlowCallRecord>,
}

/// What a thread did.
#[derive(Clone, Debug)]
pub struct ThreadRow {
    /// Who.
    pub thread: ThreadRef,
    /// Traced calls.
    pub calls: u64,
    /// Those that were slow.
    pub slow: u64,
    /// Those that were disk-blocked.
    pub disk_blocked: u64,
    /// Its disk waits in all system calls, and the one that goes on, ns.
    pub waited_ns: u64,
    /// Its disk waits that ended in the last ten seconds, ns; `None`: not an event loop, or not
    /// known.
    pub recent_ns: Option<u64>,
    /// Whether one of at least the threshold goes on.
    pub waits_now: bool,
    /// 99th percentile of its traced calls, ns; `None` without calls.
    pub p99_ns: Option<u64>,
    /// The longest of them, ns; `None` likewise.
    pub max_ns: Option<u64>,
    /// Connections that waited behind it; `None`: not an event loop, or not known.
    pub behind: Option<u64>,
}

/// What tells `thread` from all others.
#[must_use]
pub fn id_of(thread: &ThreadRef) -> ThreadId {
    (thread.pid.0, thread.tid.0, thread.start_time_ns)
}

impl Seen {
    /// What `recording` says, its slow calls the newest.
    #[must_use]
    pub fn of(recording: Recording) -> Self {
        let from = recording.slow_calls.len().saturating_sub(MOST_CALLS);
        let calls = recording.slow_calls[from..].iter().cloned().collect();
        Self { threads: rows(&recording), calls, recording }
    }

    /// A newer recording of the same window. The calls stay: they have been told one by one.
    pub fn renew(&mut self, newer: Self) {
        let calls = if self.calls.is_empty() { newer.calls } else { std::mem::take(&mut self.calls) };
        *self = Self { calls, ..newer };
    }

    /// Takes in calls that have come, of a window that opened at `opened_ns`, CLOCK_MONOTONIC.
    pub fn add_calls(&mut self, calls: &[CallData], opened_ns: u64) {
        let known: HashMap<ThreadId, &ThreadRef> = match calls {
            [] => return,
            _ => self.threads.iter().map(|row| (id_of(&row.thread), &row.thread)).collect(),
        };
        let told = calls.iter().filter_map(|data| {
            let stranger = stranger(&data.call.key, &data.call.comm);
            let thread = known.get(&id_of(&stranger)).map_or(stranger, |&thread| thread.clone());
            told_call(data, opened_ns, thread)
        });
        // The recording may have had some of them already.
        let is_known = |call: &SlowCallRecord| {
            self.calls.iter().any(|known| known.at_ns == call.at_ns && id_of(&known.thread) == id_of(&call.thread))
        };
        let told: Vec<_> = told.filter(|call| !is_known(call)).collect();
        self.calls.extend(told);
        self.calls.drain(..self.calls.len().saturating_sub(MOST_CALLS));
    }

    /// The row of a thread.
    #[must_use]
    pub fn thread(&self, id: ThreadId) -> Option<&ThreadRow> {
        self.threads.iter().find(|row| id_of(&row.thread) == id)
    }
}

/// All threads of a recording that did something, or are event loops.
fn rows(recording: &Recording) -> Vec<ThreadRow> {
    let mut calls: HashMap<ThreadId, Vec<&ThreadCalls>> = HashMap::new();
    for row in recording.syscalls.iter().flat_map(|syscall| &syscall.threads) {
        calls.entry(id_of(&row.thread)).or_default().push(row);
    }
    let loops: HashMap<_, _> = recording.event_loops.iter().map(|row| (id_of(&row.thread), row)).collect();
    let waits: HashMap<_, _> = recording.threads.iter().map(|row| (id_of(&row.thread), row)).collect();
    let mut ids: Vec<_> = calls.keys().chain(loops.keys()).chain(waits.keys()).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let recent = recent(recording);
    let none = Vec::new();
    let row = |id| {
        let row = row(calls.get(&id).unwrap_or(&none), waits.get(&id).copied(), loops.get(&id).copied())?;
        let is_known = !recording.intervals.is_empty() && loops.contains_key(&id);
        let recent_ns = is_known.then(|| recent.get(&id).copied().unwrap_or(0));
        Some(ThreadRow { recent_ns, ..row })
    };
    ids.into_iter().filter_map(row).collect()
}

/// Disk waits of event loops in the last seconds, ns.
fn recent(recording: &Recording) -> HashMap<ThreadId, u64> {
    let mut sums = HashMap::new();
    let intervals = &recording.intervals;
    let last = &intervals[intervals.len().saturating_sub(RECENT)..];
    for row in last.iter().flat_map(|interval| &interval.event_loops) {
        let sum: &mut u64 = sums.entry(id_of(&row.thread)).or_default();
        *sum = sum.saturating_add(row.disk_wait_ns);
    }
    sums
}

fn row(calls: &[&ThreadCalls], waits: Option<&ThreadRecord>, event_loop: Option<&EventLoop>) -> Option<ThreadRow> {
    let of_calls = calls.first().map(|row| &row.thread);
    let thread = waits.map(|row| &row.thread).or(event_loop.map(|row| &row.thread)).or(of_calls)?;
    let sum = |of: fn(&ThreadCalls) -> u64| calls.iter().map(|row| of(row)).fold(0, u64::saturating_add);
    let max_ns = calls.iter().filter_map(|row| row.max_ns).max();
    let p99_ns = match calls {
        [one] => one.latency.percentile(990),
        several => of_buckets(&merged(several.iter().map(|row| &row.latency)), 990),
    };
    let now = waits.and_then(|row| row.still_waiting.as_ref());
    // A recording that has no such row knows of the waits in traced calls alone.
    let waited_ns = waits.map_or_else(|| sum(|row| row.disk_wait_ns), |row| row.disk_wait_ns);
    Some(ThreadRow {
        thread: thread.clone(),
        calls: sum(|row| row.calls),
        slow: sum(|row| row.slow),
        disk_blocked: sum(|row| row.disk_blocked),
        waited_ns: waited_ns.saturating_add(now.map_or(0, |wait| wait.since_ns)),
        recent_ns: None,
        waits_now: now.is_some(),
        p99_ns: p99_ns.map(|p99_ns| max_ns.map_or(p99_ns, |max_ns| p99_ns.min(max_ns))),
        max_ns,
        behind: event_loop.and_then(|row| row.behind),
    })
}
