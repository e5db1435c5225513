//! Whether a recording's figures agree with each other: what contradicts itself was damaged, or made by somebody else.

mod page_cache;
mod runs;
mod stacks;
mod syscall;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    EventLoop, Interval, Recording, Role, SlowCallRecord, Status, SyscallWaits, ThreadRecord, ThreadRef,
};

/// What contradicts what, and where.
type Checked = Result<(), String>;

/// Looks for figures that contradict each other.
///
/// # Errors
/// Names the first.
pub fn check(recording: &Recording) -> Checked {
    let share = recording.blocked_share;
    require(!recording.hosts.is_empty(), "hosts", || "there is none".into())?;
    require(share > 0.0 && share <= 1.0, "blocked_share", || format!("{share} is no share"))?;
    require(recording.threshold_ns > 0, "threshold_ns", || "0 would make every call slow".into())?;
    let end_ns = recording.window.start.as_nanosecond() + i128::from(recording.window.duration_ns);
    require(end_ns <= jiff::Timestamp::MAX.as_nanosecond(), "window", || "it ends after the year 9999".into())?;
    let is_exact = is_exact(recording);
    for syscall in &recording.syscalls {
        syscall::check(syscall, recording.threshold_ns, is_exact)?;
    }
    unique("syscalls", recording.syscalls.iter().map(|row| (&row.family, &row.name, &row.direction)))?;
    for row in &recording.threads {
        thread(row)?;
    }
    unique("threads", recording.threads.iter().map(|row| row.thread.identity()))?;
    for row in &recording.event_loops {
        event_loop(row)?;
    }
    unique("event_loops", recording.event_loops.iter().map(|row| row.thread.identity()))?;
    for (index, call) in recording.slow_calls.iter().enumerate().filter(|_| is_exact) {
        slow_call(&format!("slow_calls[{index}]"), call)?;
    }
    stacks::check(recording, is_exact)?;
    page_cache::check(recording)?;
    for (index, interval) in recording.intervals.iter().enumerate() {
        self::interval(&format!("intervals[{index}]"), interval)?;
    }
    if is_exact {
        intervals(recording)?;
    }
    verdict(recording)?;
    runs::check(recording)
}

/// Whether all that was seen was counted: else sums from different sources may differ.
fn is_exact(recording: &Recording) -> bool {
    let losses = &recording.losses;
    losses.threads_dropped == 0 && losses.calls_uncounted == 0 && losses.parts_clamped == 0
}

fn require(holds: bool, place: &str, why: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(format!("{place}: {}", why())) }
}

/// A figure that must be another one.
fn equal(place: &str, what: &str, stated: impl Into<u128>, other: &str, must_be: impl Into<u128>) -> Checked {
    let (stated, must_be) = (stated.into(), must_be.into());
    require(stated == must_be, place, || format!("{what} is {stated}, and {other} {must_be}"))
}

/// The sum of a figure over rows. No number of rows that fits into memory makes it overflow.
fn sum<T>(rows: impl IntoIterator<Item = T>, figure: impl Fn(T) -> u64) -> u128 {
    rows.into_iter().map(|row| u128::from(figure(row))).sum()
}

/// Each row of a list is there once.
fn unique<K: Ord>(place: &str, keys: impl Iterator<Item = K>) -> Checked {
    let mut seen = BTreeSet::new();
    for (index, key) in keys.enumerate() {
        require(seen.insert(key), &format!("{place}[{index}]"), || "it is there twice".into())?;
    }
    Ok(())
}

/// How much a share may differ from the quotient that it is, for the sake of its decimal form.
const SHARE_ROUNDING: f64 = 1e-6;

/// The share of pages that were in memory is that of the pages, of which so many were cold.
fn share(place: &str, stated: Option<f64>, cold: u64, pages: u64) -> Checked {
    let Some(share) = stated else { return Ok(()) };
    let expected = crate::model::memory_share(cold, pages);
    require(expected.is_some_and(|expected| (share - expected).abs() < SHARE_ROUNDING), place, || {
        format!("memory_share is {share}, and {cold} of {pages} pages were cold")
    })
}

fn of_thread(list: &str, thread: &ThreadRef) -> String {
    format!("{list}, thread {}", thread.tid)
}

fn thread(row: &ThreadRecord) -> Checked {
    match &row.by_syscall {
        Some(waits) => by_syscall(&of_thread("threads", &row.thread), waits, row.disk_waits, row.disk_wait_ns),
        None => Ok(()),
    }
}

fn by_syscall(place: &str, waits: &[SyscallWaits], disk_waits: u64, disk_wait_ns: u64) -> Checked {
    equal(place, "disk_waits", disk_waits, "the sum of by_syscall", sum(waits, |row| row.disk_waits))?;
    equal(place, "disk_wait_ns", disk_wait_ns, "the sum of by_syscall", sum(waits, |row| row.disk_wait_ns))
}

fn event_loop(row: &EventLoop) -> Checked {
    let place = of_thread("event_loops", &row.thread);
    require(row.thread.role == Role::EventLoop, &place, || "its role is another one".into())?;
    by_syscall(&place, &row.by_syscall, row.disk_waits, row.disk_wait_ns)
}

fn slow_call(place: &str, call: &SlowCallRecord) -> Checked {
    let parts = [call.on_cpu_ns, call.disk_ns, call.runqueue_ns, call.other_ns];
    equal(place, "latency_ns", call.latency_ns, "the sum of its parts", sum(parts, |part| part))
}

fn interval(place: &str, interval: &Interval) -> Checked {
    for row in &interval.syscalls {
        let place = format!("{place}, {}", row.name);
        syscall::sparse(&place, &row.latency)?;
        syscall::sparse(&place, &row.disk)?;
        equal(&place, "calls", row.calls, "the sum of latency", sum(&row.latency.buckets, |bucket| bucket.2))?;
    }
    Ok(())
}

/// The pieces of the window are the whole.
fn intervals(recording: &Recording) -> Checked {
    if recording.intervals.is_empty() {
        return Ok(());
    }
    // System calls by name: an interval does not tell them further apart.
    let mut sums: BTreeMap<&str, [[u128; 3]; 2]> = BTreeMap::new();
    let mut add = |name, side: usize, figures: [u64; 3]| {
        let sum = &mut sums.entry(name).or_default()[side];
        sum.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += u128::from(figure));
    };
    for row in &recording.syscalls {
        add(&row.name, 0, [row.calls, row.slow, row.disk_blocked]);
    }
    for row in recording.intervals.iter().flat_map(|interval| &interval.syscalls) {
        add(&row.name, 1, [row.calls, row.slow, row.disk_blocked]);
    }
    for (name, [whole, pieces]) in sums {
        for (what, (whole, pieces)) in ["calls", "slow", "disk_blocked"].into_iter().zip(whole.into_iter().zip(pieces))
        {
            equal(&format!("syscalls, {name}"), what, whole, "the sum of the intervals", pieces)?;
        }
    }
    Ok(())
}

fn verdict(recording: &Recording) -> Checked {
    let verdict = &recording.verdict;
    let names_threads = !verdict.threads.is_empty();
    let agrees = match verdict.status {
        Status::Blocked => names_threads,
        Status::Clear => !names_threads,
        Status::Inconclusive => true,
    };
    require(agrees, "verdict", || "its status and its threads differ".into())?;
    // Older recordings list no event loops.
    let loops: BTreeSet<_> = recording.event_loops.iter().map(|row| row.thread.identity()).collect();
    let is_known = |thread: &ThreadRef| loops.is_empty() || loops.contains(&thread.identity());
    let unknown = verdict.threads.iter().find(|thread| !is_known(thread));
    unknown.map_or(Ok(()), |thread| Err(format!("{}: it is none of the event loops", of_thread("verdict", thread))))
}
