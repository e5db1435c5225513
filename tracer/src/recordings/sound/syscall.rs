//! The figures of one system call.

use tracer_common::histogram::{bounds_of, bucket_of};

use super::{Checked, equal, require, sum, unique};
use crate::model::{Histogram, SparseHistogram, SyscallRecord, ThreadCalls};

pub fn check(record: &SyscallRecord, threshold_ns: u64, is_exact: bool) -> Checked {
    let place = format!("syscalls, {}", record.name);
    let place = place.as_str();
    histogram(place, "latency", &record.latency, record.calls)?;
    require(record.errors <= record.calls, place, || "more errors than calls".into())?;
    equal(place, "errors", record.errors, "the sum by name", sum(record.errors_by_name.values(), |&number| number))?;
    slow(place, record, threshold_ns)?;
    memory(place, record)?;
    of_threads(place, record)?;
    of_processes(place, record)?;
    if is_exact { of_causes(place, record).and_then(|()| of_lists(place, record)) } else { Ok(()) }
}

/// A histogram's values can be as it says, and are as many as there are calls.
pub fn histogram(place: &str, what: &str, histogram: &Histogram, calls: u64) -> Checked {
    require(histogram.is_plausible(), place, || {
        format!("no values in the buckets of {what} have its min, max and sum")
    })?;
    equal(place, "calls", calls, &format!("the count of {what}"), histogram.count())
}

/// Buckets are of the scheme, in order, and none is empty.
pub fn sparse(place: &str, histogram: &SparseHistogram) -> Checked {
    let mut last = None;
    for &(low, high, count) in &histogram.buckets {
        let index = bucket_of(low);
        let follows = last.is_none_or(|last| last < index);
        require(bounds_of(index) == (low, high) && follows && count > 0, place, || {
            format!("bucket [{low}, {high}) is not of the scheme, out of order or empty")
        })?;
        last = Some(index);
    }
    Ok(())
}

/// The buckets bound how many calls reached the threshold.
fn slow(place: &str, record: &SyscallRecord, threshold_ns: u64) -> Checked {
    let least = sum(record.latency.buckets().filter(|&(low, ..)| low >= threshold_ns), |(_, _, count)| count);
    // The last bucket takes all that is longer.
    let reaches = |high: u64| high > threshold_ns || bucket_of(high) == bucket_of(high - 1);
    let most = sum(record.latency.buckets().filter(|&(_, high, _)| reaches(high)), |(_, _, count)| count);
    let slow = record.slow;
    require((least..=most).contains(&slow.into()), place, || {
        format!("slow is {slow}, and the buckets of latency allow {least} to {most}")
    })
}

fn memory(place: &str, record: &SyscallRecord) -> Checked {
    let Some(share) = record.memory_share else { return Ok(()) };
    require((0.0..=1.0).contains(&share), place, || format!("memory_share is {share}, which is no share"))?;
    let (Some(pages), Some(cold)) = (record.pages, record.cold_requested) else { return Ok(()) };
    super::share(place, Some(share), cold, pages)
}

/// The threads together are the system call.
fn of_threads(place: &str, record: &SyscallRecord) -> Checked {
    unique(&format!("{place}, threads"), record.threads.iter().map(|row| row.thread.identity()))?;
    for row in &record.threads {
        let place = format!("{place}, thread {}", row.thread.tid);
        histogram(&place, "latency", &row.latency, row.calls)?;
        let max_ns = row.latency.max_ns();
        require(row.max_ns == max_ns, &place, || "max_ns is not that of latency".into())?;
    }
    let of = |figure: fn(&ThreadCalls) -> u64| sum(&record.threads, figure);
    for (what, whole, threads) in [
        ("calls", record.calls, of(|row| row.calls)),
        ("errors", record.errors, of(|row| row.errors)),
        ("bytes", record.bytes, of(|row| row.bytes)),
        ("slow", record.slow, of(|row| row.slow)),
        ("disk_blocked", record.disk_blocked, of(|row| row.disk_blocked)),
        ("disk_waits", record.disk_waits, of(|row| row.disk_waits)),
        ("time_ns.disk", record.time_ns.disk, of(|row| row.disk_wait_ns)),
        ("latency.sum", record.latency.sum_ns(), of(|row| row.latency.sum_ns())),
    ] {
        equal(place, what, whole, "the sum of its threads", threads)?;
    }
    Ok(())
}

fn of_processes(place: &str, record: &SyscallRecord) -> Checked {
    for (what, whole, processes) in [
        ("calls", record.calls, sum(&record.processes, |row| row.calls)),
        ("bytes", record.bytes, sum(&record.processes, |row| row.bytes)),
        ("slow", record.slow, sum(&record.processes, |row| row.slow)),
        ("disk_blocked", record.disk_blocked, sum(&record.processes, |row| row.disk_blocked)),
        ("time_ns.disk", record.time_ns.disk, sum(&record.processes, |row| row.disk_wait_ns)),
    ] {
        equal(place, what, whole, "the sum of its processes", processes)?;
    }
    Ok(())
}

/// Each call has one cause, each ns one part.
fn of_causes(place: &str, record: &SyscallRecord) -> Checked {
    let causes = &record.by_cause;
    let counts = [&causes.on_cpu, &causes.disk, &causes.runqueue, &causes.other];
    equal(place, "calls", record.calls, "the sum by cause", sum(counts, Histogram::count))?;
    equal(place, "disk_blocked", record.disk_blocked, "by_cause.disk has", causes.disk.count())?;
    require(record.disk_waits >= record.disk_blocked, place, || "fewer disk waits than disk-blocked calls".into())?;
    let disk_ns = record.time_ns.disk;
    require(record.disk_blocked > 0 || disk_ns == 0, place, || "a disk part without disk-blocked calls".into())?;
    let parts = &record.time_ns;
    let parts = [parts.on_cpu, parts.disk, parts.runqueue, parts.other];
    equal(place, "latency.sum", record.latency.sum_ns(), "the sum of time_ns", sum(parts, |part| part))?;
    histogram(place, "without_disk", &record.without_disk, record.calls)?;
    let with_disk = u128::from(record.without_disk.sum_ns()) + u128::from(record.time_ns.disk);
    equal(place, "latency.sum", record.latency.sum_ns(), "without_disk and the disk part together", with_disk)
}

/// What has no file or client of its own has a row too.
fn of_lists(place: &str, record: &SyscallRecord) -> Checked {
    let disk = record.time_ns.disk;
    if let Some(files) = &record.files {
        equal(place, "time_ns.disk", disk, "the sum of its files", sum(files, |row| row.disk_wait_ns))?;
    }
    if let Some(clients) = &record.clients {
        equal(place, "time_ns.disk", disk, "the sum of its clients", sum(clients, |row| row.disk_wait_ns))?;
    }
    Ok(())
}
