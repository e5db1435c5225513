//! What event loops waited for the disk, and whether that blocked them.

use super::{report::LimitReport, unseen::Unseen};
use crate::{
    escape::escape,
    gate::outcome::Outcome,
    model::{Recording, Role, Status, ThreadRecord, ThreadRef},
};

const EVENT_LOOPS: &str = "event loops";

/// ns in a second.
const SECOND_NS: u64 = 1_000_000_000;

/// The recording's own verdict.
pub fn none_blocked(recording: &Recording) -> LimitReport {
    let verdict = &recording.verdict;
    let (outcome, why) = match verdict.status {
        Status::Blocked => (Outcome::Fail, None),
        Status::Clear => (Outcome::Pass, None),
        Status::Inconclusive => (Outcome::Inconclusive, Some(doubts(recording))),
    };
    LimitReport {
        of: EVENT_LOOPS.into(),
        metric: "blocked",
        unit: "loops",
        limit: 0.0,
        outcome,
        value: (outcome != Outcome::Inconclusive).then_some(verdict.threads.len() as f64),
        interval: None,
        calls: None,
        hits: None,
        hits_most: None,
        why,
    }
}

/// Why the verdict is none.
fn doubts(recording: &Recording) -> String {
    let verdict = &recording.verdict;
    if verdict.reasons.is_empty() { escape(&verdict.summary) } else { escape(&verdict.reasons.join("; ")) }
}

/// The time that the worst event loop waited for the disk in a second, at most `limit_ns`.
pub fn blocked(recording: &Recording, limit_ns: u64) -> LimitReport {
    let worst = recording
        .threads
        .iter()
        .filter(|record| record.thread.role == Role::EventLoop)
        .map(|record| (waited_ns(record), watched_ns(recording, &record.thread)))
        .max_by(|one, other| rate(*one).total_cmp(&rate(*other)));
    let is_seen = worst.is_some() || !recording.event_loops.is_empty();
    let is_beyond = worst.is_some_and(|(waited_ns, watched_ns)| {
        u128::from(waited_ns) * u128::from(SECOND_NS) > u128::from(limit_ns) * u128::from(watched_ns)
    });
    let unseen = Unseen::of_event_loops(recording);
    let is_clear = recording.verdict.status == Status::Clear;
    let (outcome, why) = if is_beyond {
        (Outcome::Fail, None)
    } else if !is_seen && !is_clear {
        (Outcome::Inconclusive, Some(format!("no event loop was seen: {}", doubts(recording))))
    } else if unseen.number > 0 {
        (Outcome::Inconclusive, Some(format!("{}, so they may have waited longer", unseen.why())))
    } else if recording.verdict.status == Status::Inconclusive {
        (Outcome::Inconclusive, Some(doubts(recording)))
    } else {
        (Outcome::Pass, None)
    };
    LimitReport {
        of: EVENT_LOOPS.into(),
        metric: "disk wait",
        unit: "ns/s",
        limit: limit_ns as f64,
        outcome,
        value: (is_seen || is_clear).then(|| worst.map_or(0.0, rate)),
        interval: None,
        calls: None,
        hits: None,
        hits_most: None,
        why,
    }
}

/// The disk waits of a thread, with the one that had not ended.
fn waited_ns(record: &ThreadRecord) -> u64 {
    record.disk_wait_ns.saturating_add(record.still_waiting.as_ref().map_or(0, |wait| wait.since_ns))
}

/// How long a thread was watched: the windows of the runs that list its process; of all runs on its host if none does,
/// since the list has an end.
fn watched_ns(recording: &Recording, thread: &ThreadRef) -> u64 {
    if recording.runs.is_empty() {
        return recording.window.duration_ns;
    }
    let on_host = || recording.runs.iter().filter(|run| run.hostname == thread.hostname);
    let lists = |run: &&crate::model::Run| run.target.processes.iter().any(|process| process.pid == thread.pid);
    let sum = |windows: &mut dyn Iterator<Item = u64>| windows.fold(0, u64::saturating_add);
    match sum(&mut on_host().filter(lists).map(|run| run.window.duration_ns)) {
        0 => sum(&mut on_host().map(|run| run.window.duration_ns)),
        listed => listed,
    }
}

/// ns in a second.
fn rate((waited_ns, watched_ns): (u64, u64)) -> f64 {
    match (waited_ns, watched_ns) {
        (0, _) => 0.0,
        _ => waited_ns as f64 * SECOND_NS as f64 / watched_ns as f64,
    }
}
