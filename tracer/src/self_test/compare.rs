//! What the work knows against what the recording has. Pure.

use super::{
    known::{Known, KnownCalls, KnownThread},
    report::{Check, Unit},
};
use crate::{
    gate::outcome::Outcome,
    model::{Probe, ProbeStatus, Recording, Role, SyscallRecord},
};

/// What of this host bears on whether a figure can be tested.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// Why no page of the cold file was cold; `None`: they were.
    pub not_cold: Option<String>,
    /// Inode of the hot file and of the cold one, as the kernel has them; `None`: its numbers may be others.
    pub inodes: Option<(u64, u64)>,
}

/// Every figure.
pub fn checks(known: &Known, recording: &Recording, conditions: &Conditions) -> Vec<Check> {
    let page = Page { known, recording, conditions };
    let parts = [page.counts(), page.causes(), page.cold_pages(), page.files(), page.roles(), page.turns()];
    parts.into_iter().flatten().chain(page.stacks()).chain([page.losses()]).collect()
}

struct Page<'a> {
    known: &'a Known,
    recording: &'a Recording,
    conditions: &'a Conditions,
}

/// A figure that must be equal.
fn exactly(about: &str, name: &str, known: u64, found: Option<u64>) -> Check {
    let outcome = if found == Some(known) { Outcome::Pass } else { Outcome::Fail };
    Check { about: about.into(), name: name.into(), unit: None, known, found, allowed: None, outcome, why: None }
}

impl Check {
    /// It is in this unit.
    fn of(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// It may differ by so much.
    fn within(mut self, allowed: u64) -> Self {
        self.allowed = Some(allowed);
        let agrees = self.found.is_some_and(|found| found.abs_diff(self.known) <= allowed);
        self.outcome = if agrees { Outcome::Pass } else { Outcome::Fail };
        self
    }

    /// It cannot be tested, if there is a reason why.
    fn unless(mut self, why: Option<String>) -> Self {
        if why.is_some() {
            (self.outcome, self.why) = (Outcome::Inconclusive, why);
        }
        self
    }

    /// That it agrees says nothing, if there is a reason why: nothing was to be found. That it differs does.
    fn vacuous(self, why: Option<String>) -> Self {
        if self.outcome == Outcome::Pass { self.unless(why) } else { self }
    }
}

impl Page<'_> {
    fn counts(&self) -> Vec<Check> {
        const ABOUT: &str = "counts";
        let (known, found) = (self.sum(|thread| thread.sendfile), self.syscall("sendfile", None));
        let figure = |of: fn(&SyscallRecord) -> u64| found.map(of);
        let right = self.known.threads.iter().filter(|thread| self.has_counted(thread)).count() as u64;
        let spliced = |direction| self.syscall("splice", Some(direction)).map(|row| row.calls);
        vec![
            exactly(ABOUT, "sendfile calls", known.calls, figure(|row| row.calls)),
            exactly(ABOUT, "of these failed", known.errors, figure(|row| row.errors)),
            exactly(ABOUT, "bytes sent", known.bytes, figure(|row| row.bytes)).of(Unit::Bytes),
            exactly(ABOUT, "threads with exactly their calls", self.known.threads.len() as u64, Some(right)),
            exactly(ABOUT, "splices, file to pipe", self.known.splices.file_to_pipe, spliced("file_to_pipe")),
            exactly(ABOUT, "splices, pipe to file", self.known.splices.pipe_to_file, spliced("pipe_to_file")),
        ]
    }

    fn causes(&self) -> Vec<Check> {
        const ABOUT: &str = "causes";
        let sent = self.sum(|thread| thread.sendfile);
        let read = self.sum(|thread| thread.pread64);
        let row = self.syscall("sendfile", None);
        let preads = self.syscall("pread64", None);
        let not_slept = sent.calls - sent.slept_for_disk - sent.slept_otherwise;
        let causes = row.map(|row| &row.by_cause);
        let on_cpu = causes.map(|causes| causes.on_cpu.count() + causes.runqueue.count());
        let asleep_ns = row.map(|row| row.time_ns.other);
        let waits = row.zip(preads).map(|(row, preads)| row.disk_waits + preads.disk_waits);
        vec![
            exactly(ABOUT, "sendfile slept for the disk", sent.slept_for_disk, row.map(|row| row.disk_blocked))
                .vacuous(self.never_slept(&sent))
                .unless(self.unavailable(Probe::DISK_WAITS)),
            exactly(ABOUT, "pread64 slept for the disk", read.slept_for_disk, preads.map(|row| row.disk_blocked))
                .vacuous(self.never_slept(&read))
                .unless(self.unavailable(Probe::DISK_WAITS)),
            exactly(ABOUT, "disk waits of both", sent.disk_sleeps + read.disk_sleeps, waits)
                .vacuous(self.never_slept(&sent))
                .unless(self.unavailable(Probe::DISK_WAITS)),
            exactly(
                ABOUT,
                "sendfile found its socket full",
                sent.slept_otherwise,
                causes.map(|causes| causes.other.count()),
            )
            .unless(self.unavailable(Probe::DISK_WAITS)),
            // The way into a call and out of it is no sleep; the rest is no more than that.
            exactly(ABOUT, "asleep there", sent.asleep_otherwise_ns, asleep_ns)
                .of(Unit::Ns)
                .within(sent.asleep_otherwise_ns / 4)
                .unless(self.unavailable(Probe::DISK_WAITS)),
            exactly(ABOUT, "sendfile did not sleep", not_slept, on_cpu),
        ]
    }

    fn cold_pages(&self) -> Vec<Check> {
        const ABOUT: &str = "cold pages";
        let (sent, read) = (self.sum(|thread| thread.sendfile), self.sum(|thread| thread.pread64));
        let rows = [self.syscall("sendfile", None), self.syscall("pread64", None)];
        let read_ahead = rows.iter().map(|row| row.and_then(|row| row.read_ahead)).sum::<Option<u64>>();
        let cold = |row: Option<&SyscallRecord>| row.and_then(|row| row.cold_requested);
        let not_cold = || self.conditions.not_cold.clone();
        let why = || self.unavailable(Probe::PAGE_CACHE);
        vec![
            exactly(ABOUT, "sendfile brought in", sent.cold_pages, cold(rows[0])).vacuous(not_cold()).unless(why()),
            exactly(ABOUT, "pread64 brought in", read.cold_pages, cold(rows[1])).vacuous(not_cold()).unless(why()),
            exactly(ABOUT, "read ahead", self.known.read_ahead, read_ahead).vacuous(not_cold()).unless(why()),
        ]
    }

    fn files(&self) -> Vec<Check> {
        let Self { known, recording, conditions } = self;
        let bytes_of = |inode: u64| {
            let files = &recording.page_cache.as_ref()?.files;
            Some(files.iter().filter(|file| file.inode == Some(inode)).map(|file| file.read.bytes).sum())
        };
        let why = conditions.inodes.is_none().then(|| "this file system has inode numbers of its own".to_owned());
        let (hot, cold) = conditions.inodes.unzip();
        let check = |name, known, inode: Option<u64>| {
            exactly("files", name, known, inode.and_then(bytes_of)).of(Unit::Bytes).unless(why.clone())
        };
        vec![
            check("read of the hot file", known.hot_bytes, hot),
            check("read of the cold file", known.cold_bytes, cold),
        ]
    }

    fn roles(&self) -> Vec<Check> {
        let roles = [(Role::EventLoop, "event loops"), (Role::Poller, "pollers"), (Role::Worker, "workers")];
        let check = |(role, name)| {
            let those = self.known.threads.iter().filter(|thread| thread.role == role);
            let (mut all, mut right) = (0, 0);
            for thread in those {
                all += 1;
                right += u64::from(self.role(thread) == Some(role));
            }
            exactly("roles", name, all, Some(right)).unless(self.unavailable(Probe::READINESS))
        };
        roles.into_iter().map(check).collect()
    }

    fn turns(&self) -> Vec<Check> {
        const ABOUT: &str = "turns";
        let turns = self.known.turns;
        let row = self.recording.event_loops.iter().find(|row| Some(row.thread.tid) == turns.tid);
        let why = || self.unavailable(Probe::READINESS);
        // The last one ends with the thread.
        let ended = row.and_then(|row| row.turn_latency.as_ref()).map(|turns| turns.count());
        vec![
            exactly(ABOUT, "waits of the event loop", turns.waits, row.and_then(|row| row.turns)).unless(why()),
            exactly(ABOUT, "events that it took", turns.events, row.and_then(|row| row.ready_events)).unless(why()),
            exactly(ABOUT, "turns that ended", turns.waits.saturating_sub(1), ended).unless(why()),
        ]
    }

    /// Disk waits on a stack that goes through the function of their system call.
    fn stacks(&self) -> Vec<Check> {
        let stacks = self.recording.stacks.as_deref().unwrap_or_default();
        let is_named = |frame: &String| !frame.starts_with('[');
        let unnamed = !stacks.is_empty() && !stacks.iter().any(|stack| stack.kernel.iter().any(is_named));
        let of = |syscall: &'static str, calls: KnownCalls| {
            let through = |frames: &[String]| frames.iter().any(|frame| frame.contains(syscall));
            let right = stacks.iter().filter(|stack| stack.syscall == syscall && through(&stack.kernel));
            let why = unnamed.then(|| "functions of the kernel have no names here".to_owned());
            let waits = right.map(|stack| stack.disk_waits).sum();
            exactly("stacks", &format!("disk waits through {syscall}"), calls.disk_sleeps, Some(waits))
                .vacuous(self.never_slept(&calls))
                .unless(why.or_else(|| self.unavailable(Probe::DISK_WAITS)))
        };
        vec![of("sendfile", self.sum(|thread| thread.sendfile)), of("pread64", self.sum(|thread| thread.pread64))]
    }

    fn losses(&self) -> Check {
        let losses = &self.recording.losses;
        let lost = losses.calls_uncounted
            + losses.threads_dropped
            + losses.processes_dropped.unwrap_or(0)
            + losses.parts_clamped
            + losses.stacks_dropped.unwrap_or(0);
        let missed: u64 = self.recording.probes.iter().filter_map(|probe| probe.missed).sum();
        exactly("losses", "lost or missed", 0, Some(lost + missed))
    }

    fn sum(&self, of: fn(&KnownThread) -> KnownCalls) -> KnownCalls {
        let mut sum = KnownCalls::default();
        self.known.threads.iter().for_each(|thread| sum.add(&of(thread)));
        sum
    }

    fn syscall(&self, name: &str, direction: Option<&str>) -> Option<&SyscallRecord> {
        self.recording.syscalls.iter().find(|row| row.name == name && row.direction.as_deref() == direction)
    }

    /// Whether this thread has a row with its calls of sendfile, and no other has its name.
    fn has_counted(&self, known: &KnownThread) -> bool {
        let rows = self.syscall("sendfile", None).map_or(&[][..], |row| &row.threads);
        let mut of_thread = rows.iter().filter(|row| (row.thread.pid, row.thread.tid) == (known.pid, known.tid));
        let KnownCalls { calls, errors, bytes, .. } = known.sendfile;
        of_thread.any(|row| (row.calls, row.errors, row.bytes) == (calls, errors, bytes))
    }

    fn role(&self, known: &KnownThread) -> Option<Role> {
        let threads = self.recording.syscalls.iter().flat_map(|row| &row.threads).map(|row| &row.thread);
        let mut same = threads.filter(|thread| (thread.pid, thread.tid) == (known.pid, known.tid));
        same.next().map(|thread| thread.role)
    }

    /// Why a probe did not observe, if the kernel did not let it. One that is not even listed is no such case.
    fn unavailable(&self, name: &str) -> Option<String> {
        let probe = self.recording.probes.iter().find(|probe| probe.name == name)?;
        (probe.status == ProbeStatus::Unavailable).then(|| {
            let reason = probe.reason.as_deref().unwrap_or("no reason is known");
            format!("nothing observes {name}: {reason}")
        })
    }

    /// Why disk waits are not tested by these calls, if they are not.
    fn never_slept(&self, calls: &KnownCalls) -> Option<String> {
        let fast =
            || "the disk answered every read before its thread slept: name a slower one with --directory".to_owned();
        (calls.disk_sleeps == 0).then(|| self.conditions.not_cold.clone().unwrap_or_else(fast))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(check: Check) -> (Outcome, bool) {
        (check.outcome, check.why.is_some())
    }

    #[test]
    fn a_figure_agrees_if_it_is_equal_or_near_enough_where_that_is_allowed() {
        assert_eq!(exactly("", "", 7, Some(7)).outcome, Outcome::Pass);
        assert_eq!(exactly("", "", 7, Some(8)).outcome, Outcome::Fail);
        assert_eq!(exactly("", "", 7, None).outcome, Outcome::Fail);
        let within = |found| exactly("", "", 100, found).within(25).outcome;
        assert_eq!([Some(75), Some(125)].map(within), [Outcome::Pass; 2]);
        assert_eq!([Some(74), Some(126), None].map(within), [Outcome::Fail; 3]);
    }

    #[test]
    fn what_cannot_be_tested_is_neither_right_nor_wrong() {
        let why = || Some("nothing observes it".to_owned());
        assert_eq!(outcome(exactly("", "", 7, None).unless(why())), (Outcome::Inconclusive, true));
        assert_eq!(outcome(exactly("", "", 7, None).unless(None)), (Outcome::Fail, false));
    }

    #[test]
    fn to_find_nothing_where_nothing_is_says_nothing_but_to_find_something_does() {
        let why = || Some("nothing was cold".to_owned());
        assert_eq!(outcome(exactly("", "", 0, Some(0)).vacuous(why())), (Outcome::Inconclusive, true));
        assert_eq!(outcome(exactly("", "", 0, Some(3)).vacuous(why())), (Outcome::Fail, false));
        assert_eq!(outcome(exactly("", "", 9, Some(9)).vacuous(None)), (Outcome::Pass, false));
    }
}
