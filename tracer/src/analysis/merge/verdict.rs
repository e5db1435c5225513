//! The answer of several runs together: blocked if one was, clear if all were.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    model::{Run, Status, ThreadIdentity, ThreadRecord, ThreadRef, Verdict},
    units::{counted, duration},
};

/// Runs whose reasons are given, and pieces of advice; the rest of the runs is counted.
const SHOWN: usize = 5;

/// The verdict that follows from those of the runs. `threads` are the disk waits of all of them.
pub fn verdict(runs: &[Run], threads: &[ThreadRecord]) -> Verdict {
    let with = |status: Status| runs.iter().filter(move |run| run.verdict.status == status);
    let (blocked, unsure) = (with(Status::Blocked).count(), with(Status::Inconclusive).count());
    let of = |number: usize| {
        let runs = counted(runs.len() as u64, "run", "runs");
        format!("{number} of {runs}")
    };
    let loops = blocked_loops(runs, threads);
    let (status, summary) = if blocked > 0 {
        let waited_ns = loops.iter().filter_map(|found| found.record).map(|row| row.disk_wait_ns);
        let waited_ns = waited_ns.fold(0, u64::saturating_add);
        let worst = loops.iter().filter_map(|found| found.record?.disk_wait_max_ns).max();
        let worst = worst.map_or_else(String::new, |ns| format!(", the longest {}", duration(ns)));
        let summary = format!(
            "{} found event loops blocked on disk: {}, whose disk waits took {}{worst}{}.",
            of(blocked),
            counted(loops.len() as u64, "event loop", "event loops"),
            duration(waited_ns),
            on_hosts(&loops),
        );
        (Status::Blocked, summary)
    } else if unsure > 0 {
        let were = if unsure == 1 { "was" } else { "were" };
        (Status::Inconclusive, format!("{} {were} inconclusive, and none found an event loop blocked.", of(unsure)))
    } else {
        (
            Status::Clear,
            format!("no event loop was blocked on disk in any of {}.", counted(runs.len() as u64, "run", "runs")),
        )
    };
    let worth_a_reason = with(Status::Blocked).chain(with(Status::Inconclusive));
    Verdict {
        status,
        threads: loops.into_iter().map(|found| found.thread.clone()).collect(),
        summary,
        reasons: reasons(&worth_a_reason.collect::<Vec<_>>()),
        advice: if status == Status::Blocked { advice(runs) } else { Vec::new() },
    }
}

/// An event loop that was blocked in a run.
struct Found<'a> {
    thread: &'a ThreadRef,
    record: Option<&'a ThreadRecord>,
}

/// The event loops that were blocked in some run, worst first: as single recordings have them.
fn blocked_loops<'a>(runs: &'a [Run], threads: &'a [ThreadRecord]) -> Vec<Found<'a>> {
    let records: BTreeMap<ThreadIdentity<'_>, &ThreadRecord> =
        threads.iter().map(|record| (record.thread.identity(), record)).collect();
    let mut loops: BTreeMap<ThreadIdentity<'_>, &ThreadRef> = BTreeMap::new();
    for thread in runs.iter().flat_map(|run| &run.verdict.threads) {
        let known = loops.entry(thread.identity()).or_insert(thread);
        *known = thread.max(*known);
    }
    let found = loops.into_iter().map(|(identity, thread)| Found { thread, record: records.get(&identity).copied() });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|found| {
        let is_stuck = found.record.is_some_and(|row| row.still_waiting.is_some());
        (Reverse(is_stuck), Reverse(found.record.map(|row| row.disk_wait_ns)))
    });
    found
}

/// ` (on broker-1)`, ` (on 3 hosts)`; nothing where there is one.
fn on_hosts(loops: &[Found<'_>]) -> String {
    let hosts: BTreeSet<_> = loops.iter().filter_map(|found| found.thread.hostname.as_deref()).collect();
    match hosts.first() {
        None => String::new(),
        Some(host) if hosts.len() == 1 => format!(" (on {host})"),
        Some(_) => format!(" (on {} hosts)", hosts.len()),
    }
}

/// What the verdicts of these runs rest on, each said to be its run's.
fn reasons(runs: &[&Run]) -> Vec<String> {
    let mut reasons = Vec::new();
    for run in runs.iter().take(SHOWN) {
        let of = match &run.hostname {
            Some(hostname) => format!("{hostname}, {}", run.window.start.strftime("%Y-%m-%d %H:%M:%S")),
            None => run.window.start.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        };
        let whys = if run.verdict.reasons.is_empty() {
            vec![&run.verdict.summary]
        } else {
            run.verdict.reasons.iter().collect()
        };
        reasons.extend(whys.into_iter().map(|why| format!("{of}: {why}")));
    }
    if let Some(more) = runs.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        reasons.push(format!("and in {}", counted(more as u64, "more run", "more runs")));
    }
    reasons
}

/// What most runs advise first.
fn advice(runs: &[Run]) -> Vec<String> {
    let mut given: BTreeMap<&str, usize> = BTreeMap::new();
    for advice in runs.iter().flat_map(|run| &run.verdict.advice) {
        *given.entry(advice).or_default() += 1;
    }
    let mut given: Vec<_> = given.into_iter().collect();
    given.sort_by_key(|&(_, runs)| Reverse(runs));
    given.into_iter().take(SHOWN).map(|(advice, _)| advice.into()).collect()
}
