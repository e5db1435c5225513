//! The report that a person sees.

mod culprits;
mod disk_waits;
mod event_loops;
mod heading;
mod in_flight;
mod overview;
mod page_cache;
mod runs;
mod stacks;
mod syscall;
mod threads;
mod verdict;

use std::{cmp::Reverse, collections::BTreeSet};

use super::{
    Style, call_label,
    color::{Paint, Tint},
    columns::Column,
};
use crate::{
    escape::escape,
    model::{PAGE_FAULT, Probe, ProbeStatus, Recording, Role, SyscallRecord, ThreadIdentity, ThreadRef},
    units::count,
};

/// A narrower terminal wraps the lines itself, which is easier to read than a word per line.
const LEAST_WIDTH: usize = 60;

/// The report as text: who was measured and how, what each system call did, and the verdict.
#[must_use]
pub fn table(recording: &Recording, style: &Style) -> String {
    let style = Style { width: style.width.max(LEAST_WIDTH), ..*style };
    let report = Report { recording, style, paint: Paint { color: style.color } };
    let mut sections = vec![heading::heading(&report), runs::section(&report)];
    sections.extend(calls(&report));
    sections.push(page_cache::section(&report));
    sections.push(event_loops::section(&report));
    sections.push(disk_waits::section(&report));
    sections.push(stacks::section(&report));
    sections.push(verdict::section(&report));
    sections.retain(|section| !section.is_empty());
    sections.join("\n")
}

/// Most system calls that are shown in detail, if several were called.
const DETAILED: usize = 3;

/// The traced system calls: all at a glance if several were called, and those that took longest in detail.
fn calls(report: &Report) -> Vec<String> {
    let was_called = |syscall: &&SyscallRecord| syscall.calls > 0 || !syscall.in_flight.is_empty();
    let (called, quiet): (Vec<_>, Vec<_>) = report.recording.syscalls.iter().partition(was_called);
    if called.is_empty()
        && let [only] = quiet.as_slice()
    {
        return vec![syscall::section(report, only)];
    }
    let mut worst = called.clone();
    worst.sort_by_key(|syscall| (Reverse(syscall.time_ns.disk), Reverse(syscall.latency.sum_ns())));
    let is_detailed =
        |syscall: &&&SyscallRecord| worst.iter().take(DETAILED).any(|other| std::ptr::eq(*other, **syscall));
    let mut sections = vec![overview::rows(report, &called)];
    sections.extend(called.iter().filter(is_detailed).map(|syscall| syscall::section(report, syscall)));
    if worst.len() > DETAILED {
        let rest = count((worst.len() - DETAILED) as u64);
        let rest = format!("{rest} more took less time; the recording has them in detail.\n");
        sections.push(report.paint.lines(Tint::Faint, &rest));
    }
    sections.push(overview::not_called(report, &quiet));
    sections
}

/// What every section looks at.
struct Report<'a> {
    recording: &'a Recording,
    style: Style,
    paint: Paint,
}

impl Report<'_> {
    /// Whether disk waits were observed. If not, a 0 in the recording is no measured zero.
    fn knows_disk_waits(&self) -> bool {
        let mut probes = self.recording.probes.iter().filter(|probe| probe.name == Probe::DISK_WAITS);
        probes.all(|probe| probe.status == ProbeStatus::Attached)
    }

    /// Whether a host has threads of more than one process.
    fn has_several_processes(&self) -> bool {
        let processes = &self.recording.target.processes;
        let hosts: BTreeSet<_> = processes.iter().map(|process| &process.hostname).collect();
        processes.len() > hosts.len()
    }

    /// Whether rows are of more than one host.
    fn has_several_hosts(&self) -> bool {
        self.recording.runs.iter().any(|run| run.hostname.is_some())
    }

    /// The column of hosts, where there are several.
    fn host_column(&self) -> Option<(&'static str, Column)> {
        self.has_several_hosts().then_some(("host", Column::Host))
    }

    /// Its cell in the row of something on `hostname`; empty in a row of several hosts.
    fn host(&self, hostname: Option<&str>) -> Option<String> {
        self.has_several_hosts().then(|| hostname.map_or_else(String::new, escape))
    }

    /// How many event loops the recording knows.
    fn event_loops(&self) -> usize {
        let calls = self.recording.syscalls.iter().flat_map(|syscall| {
            let threads = syscall.threads.iter().map(|row| &row.thread);
            threads.chain(syscall.in_flight.iter().map(|call| &call.thread))
        });
        let others = self.recording.threads.iter().map(|row| &row.thread).chain(&self.recording.verdict.threads);
        let others = others.chain(self.recording.event_loops.iter().map(|row| &row.thread));
        let loops = calls.chain(others).filter(|thread| thread.role == Role::EventLoop);
        loops.map(ThreadRef::identity).collect::<BTreeSet<ThreadIdentity<'_>>>().len()
    }
}

/// A thread's name as its rows show it.
fn name(thread: &ThreadRef) -> String {
    if thread.name.trim().is_empty() { "(no name)".into() } else { escape(&thread.name) }
}

/// A traced system call as headings show it.
fn label(syscall: &SyscallRecord) -> String {
    call_label(&syscall.name, syscall.direction.as_deref())
}

/// A system call, or page faults, as rows and sentences show it.
fn call(name: &str) -> String {
    if name == PAGE_FAULT { "page faults".into() } else { escape(name) }
}

/// A thread's id as its rows show it: with the process where there are several.
fn tid(report: &Report, thread: &ThreadRef) -> String {
    if report.has_several_processes() { format!("{}/{}", thread.pid, thread.tid) } else { thread.tid.to_string() }
}

/// The heading of the column of [`tid`].
fn tid_heading(report: &Report) -> &'static str {
    if report.has_several_processes() { "pid/tid" } else { "tid" }
}
