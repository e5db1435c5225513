//! The answer: which event loops were blocked on disk, and whether what was seen is enough to say so.

use std::{cmp::Reverse, collections::HashSet};

use tracer_common::records::{ThreadKey, ThreadSlot};

use super::{advice, waits};
use crate::{
    model::{
        EventLoop, Losses, PAGE_FAULT, Probe, ProbeStatus, Role, Status, StillWaiting, SyscallRecord, SyscallWaits,
        ThreadRecord, ThreadRef, Verdict,
    },
    snapshot::Snapshot,
    units,
};

/// Fewer turns than this are too few to call an event loop clear.
const ENOUGH_TURNS: u64 = 10;

/// A share of lost calls above this makes a clear result inconclusive.
const LOSS_LIMIT: f64 = 0.001;

/// What a verdict rests on.
pub struct Evidence<'a> {
    /// What was collected.
    pub snapshot: &'a Snapshot,
    /// The traced system calls.
    pub syscalls: &'a [SyscallRecord],
    /// Disk waits per thread.
    pub threads: &'a [ThreadRecord],
    /// The event loops.
    pub event_loops: &'a [EventLoop],
    /// What could not be counted.
    pub losses: &'a Losses,
}

/// An event loop that was blocked.
struct Blocked {
    thread: ThreadRef,
    disk_waits: u64,
    disk_wait_ns: u64,
    worst_ns: u64,
    by_syscall: Vec<SyscallWaits>,
    stuck: Option<StillWaiting>,
}

/// The verdict.
pub fn verdict(evidence: &Evidence<'_>) -> Verdict {
    let loops = evidence.event_loops.len();
    let blocked = evidence.blocked();
    if !blocked.is_empty() {
        return blocked_verdict(evidence, loops, &blocked);
    }
    let doubts = evidence.doubts(loops);
    if doubts.is_empty() {
        clear_verdict(evidence, loops)
    } else {
        Verdict {
            status: Status::Inconclusive,
            threads: Vec::new(),
            summary: "It cannot be said whether an event loop was blocked on disk.".into(),
            reasons: doubts,
            advice: Vec::new(),
        }
    }
}

impl Evidence<'_> {
    /// The event loops that were blocked on disk, worst first.
    fn blocked(&self) -> Vec<Blocked> {
        let window_ns = self.snapshot.duration_ns();
        let is_loop = |record: &&ThreadRecord| record.thread.role == Role::EventLoop;
        let mut blocked: Vec<_> = self
            .threads
            .iter()
            .filter(is_loop)
            .map(|record| Blocked {
                thread: record.thread.clone(),
                disk_waits: record.disk_waits,
                disk_wait_ns: record.disk_wait_ns,
                worst_ns: record.disk_wait_max_ns.unwrap_or(0),
                by_syscall: record.by_syscall.clone().unwrap_or_default(),
                stuck: record.still_waiting.clone(),
            })
            .filter(|found| {
                found.stuck.is_some()
                    || found.disk_waits > 0 && found.worst_ns >= self.snapshot.threshold_ns
                    || found.disk_waits > 0
                        && found.disk_wait_ns as f64 >= self.snapshot.blocked_share * window_ns as f64
            })
            .collect();
        blocked.sort_by_key(|found| (Reverse(found.stuck.is_some()), Reverse(found.disk_wait_ns)));
        blocked
    }

    /// Threads that waited for the disk in one call all along, and so did nothing that would tell what part they play,
    /// while there is an epoll instance, or may be another set of connections, whose event loop was not seen.
    fn stuck_throughout(&self) -> impl Iterator<Item = &ThreadRecord> {
        let all_along = |record: &&ThreadRecord| {
            let pid = record.thread.pid.0;
            let mut idle = self.snapshot.idle_instances.iter().filter(|instance| instance.pid == pid);
            record.thread.role != Role::EventLoop
                && record.still_waiting.as_ref().is_some_and(|wait| wait.since_ns >= self.snapshot.duration_ns())
                && (self.event_loops.is_empty()
                    || self.snapshot.hidden.contains(&pid)
                    || idle.any(|instance| instance.watched.holds_connections()))
        };
        self.threads.iter().filter(all_along)
    }

    /// Turns of all event loops; where they were not observed, sleeps on epoll instances.
    fn turns(&self) -> u64 {
        let observed: Option<u64> = self.event_loops.iter().map(|row| row.turns).sum();
        observed.unwrap_or_else(|| self.snapshot.threads.iter().map(|thread| thread.slot.turns.sleeps).sum())
    }

    /// Threads that share their connections with others.
    fn pollers(&self) -> impl Iterator<Item = &ThreadSlot> {
        let records = self.threads.iter().filter(|record| record.thread.role == Role::Poller);
        let keys: HashSet<_> = records
            .map(|record| {
                let ThreadRef { pid, tid, start_time_ns, .. } = record.thread;
                ThreadKey { start_boottime_ns: start_time_ns, pid: pid.0, tid: tid.0 }
            })
            .collect();
        self.snapshot.threads.iter().map(|thread| &thread.slot).filter(move |slot| keys.contains(&slot.key))
    }

    /// Why a result without a blocked event loop is not a clear one.
    fn doubts(&self, loops: usize) -> Vec<String> {
        let mut doubts = Vec::new();
        if let Some(probe) = self.snapshot.probes.iter().find(|probe| probe.name == Probe::DISK_WAITS)
            && probe.status != ProbeStatus::Attached
        {
            let reason = probe.reason.as_deref().unwrap_or("no reason given");
            doubts.push(format!("disk waits could not be observed ({reason})"));
        } else if !self.snapshot.is_attached(Probe::DISK_WAITS) {
            doubts.push("disk waits were not observed".into());
        }
        let calls: u64 = self.syscalls.iter().map(|syscall| syscall.calls).sum();
        let lost = self.losses.calls_uncounted;
        if lost > 0 && lost as f64 > LOSS_LIMIT * (calls + lost) as f64 {
            doubts.push(format!("{} of {} calls could not be counted", units::count(lost), units::count(calls + lost)));
        }
        if self.losses.threads_dropped > 0 {
            doubts.push(format!("{} threads found no room", units::count(self.losses.threads_dropped)));
        }
        for record in self.stuck_throughout() {
            let ThreadRef { tid, name, .. } = &record.thread;
            doubts.push(format!(
                "thread {tid} {name} waited for the disk throughout in one call: whether it is an event loop was not seen"
            ));
        }
        let takes_hidden = |slot: &&ThreadSlot| {
            slot.turns.ready_events > 0 && slot.ready_set().is_some_and(|set| self.snapshot.is_hidden(set))
        };
        if let Some(slot) = self.snapshot.threads.iter().map(|thread| &thread.slot).find(takes_hidden) {
            let ThreadKey { pid, tid, .. } = slot.key;
            doubts.push(format!(
                "what thread {tid} of process {pid} takes events from could not be looked at: it may be an event loop"
            ));
        }
        let turns = self.turns();
        if loops == 0 && self.pollers().map(|slot| slot.turns.turns).sum::<u64>() < ENOUGH_TURNS {
            doubts.push("no thread was seen that waits for several connections of its own, or takes new ones".into());
        } else if loops > 0 && turns < ENOUGH_TURNS {
            doubts.push(format!("only {turns} turns of event loops were seen"));
        }
        doubts
    }
}

fn blocked_verdict(evidence: &Evidence<'_>, loops: usize, blocked: &[Blocked]) -> Verdict {
    let by_syscall = waits::merged(blocked.iter().flat_map(|found| &found.by_syscall));
    let worst_ns = blocked.iter().map(|found| found.worst_ns).max().unwrap_or(0);
    let threshold_ns = evidence.snapshot.threshold_ns;
    let mut reasons = Vec::new();
    if let Some(stuck) = blocked.iter().filter_map(|found| found.stuck.as_ref()).max_by_key(|stuck| stuck.since_ns) {
        let (call, time) = (in_words(&stuck.name), units::duration(stuck.since_ns));
        reasons
            .push(format!("an event loop was still waiting for the disk when the window closed, in {call} for {time}"));
    }
    if worst_ns >= threshold_ns {
        let (worst, threshold) = (units::duration(worst_ns), units::setting(threshold_ns));
        reasons.push(format!("the longest disk wait of an event loop, {worst}, reached the threshold of {threshold}"));
    }
    let window_ns = evidence.snapshot.duration_ns();
    let most_ns = blocked.iter().map(|found| found.disk_wait_ns).max().unwrap_or(0);
    let limit = evidence.snapshot.blocked_share;
    if most_ns as f64 >= limit * window_ns as f64 {
        let (share, limit) = (units::percent(most_ns, window_ns), units::share(limit));
        reasons.push(format!("the disk waits of an event loop took {share} of the window (limit {limit})"));
    }
    let mut stuck_in = by_syscall.clone();
    stuck_in.extend(blocked.iter().filter_map(|found| found.stuck.as_ref()).map(|stuck| SyscallWaits {
        name: stuck.name.clone(),
        disk_waits: 0,
        disk_wait_ns: stuck.since_ns,
        max_ns: stuck.since_ns,
    }));
    Verdict {
        status: Status::Blocked,
        threads: blocked.iter().map(|found| found.thread.clone()).collect(),
        summary: format!("{} blocked on disk: {}.", of_loops(blocked.len(), loops), did(blocked, &by_syscall)),
        reasons,
        advice: advice::advice(&waits::merged(&stuck_in), evidence.syscalls),
    }
}

/// `1 of 2 event loops was`
fn of_loops(blocked: usize, loops: usize) -> String {
    let loops_of = units::counted(loops as u64, "event loop", "event loops");
    format!("{blocked} of {loops_of} {}", if blocked == 1 { "was" } else { "were" })
}

/// What blocked event loops did: the disk waits that are over, and those that are not.
fn did(blocked: &[Blocked], by_syscall: &[SyscallWaits]) -> String {
    let waits: u64 = blocked.iter().map(|found| found.disk_waits).sum();
    let mut facts = Vec::new();
    if waits > 0 {
        let wait_ns = units::duration(blocked.iter().map(|found| found.disk_wait_ns).sum());
        let worst_ns = units::duration(blocked.iter().map(|found| found.worst_ns).max().unwrap_or(0));
        let waits = units::counted(waits, "disk wait", "disk waits");
        facts.push(format!("{waits}{} took {wait_ns}, worst {worst_ns}", in_calls(by_syscall)));
    }
    let stuck: Vec<_> = blocked.iter().filter_map(|found| found.stuck.as_ref()).collect();
    if let Some(longest) = stuck.iter().max_by_key(|stuck| stuck.since_ns) {
        let (time, call) = (units::duration(longest.since_ns), in_words(&longest.name));
        facts.push(format!("{} still waiting, the longest for {time} in {call}", stuck.len()));
    }
    facts.join("; ")
}

fn clear_verdict(evidence: &Evidence<'_>, loops: usize) -> Verdict {
    let waits: u64 = evidence
        .threads
        .iter()
        .filter(|record| record.thread.role == Role::EventLoop)
        .map(|record| record.disk_waits)
        .sum();
    let below = match waits {
        0 => format!("no disk wait of {}", if loops == 1 { "its own" } else { "theirs" }),
        1 => "1 disk wait, below the limits".into(),
        many => format!("{} disk waits, all below the limits", units::count(many)),
    };
    let window = units::duration(evidence.snapshot.duration_ns());
    let summary = match loops {
        0 => {
            let pollers = units::counted(evidence.pollers().count() as u64, "thread shares", "threads share");
            format!(
                "no event loop is there to be blocked: {pollers} the connections, so while one waits another goes on."
            )
        }
        1 => format!("the 1 event loop was not blocked on disk: {below} in {window}."),
        many => format!("none of {many} event loops was blocked on disk: {below} in {window}."),
    };
    Verdict { status: Status::Clear, threads: Vec::new(), summary, reasons: Vec::new(), advice: Vec::new() }
}

/// A system call as a sentence names it.
fn in_words(syscall: &str) -> String {
    syscall.replace(PAGE_FAULT, "page faults")
}

/// Most system calls that a sentence names.
const NAMED: usize = 3;

/// ` in sendfile and fsync`, those that waited longest first.
fn in_calls(by_syscall: &[SyscallWaits]) -> String {
    let names: Vec<_> = by_syscall.iter().take(NAMED).map(|row| in_words(&row.name)).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => format!(" in {only}"),
        [first @ .., last] if by_syscall.len() <= NAMED => format!(" in {} and {last}", first.join(", ")),
        _ => format!(" in {} and other calls", names.join(", ")),
    }
}
