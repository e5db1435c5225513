//! The report that a person sees.

mod culprits;
mod disk_waits;
mod event_loops;
mod heading;
mod in_flight;
mod runs;
mod syscall;
mod threads;
mod verdict;

use std::collections::BTreeSet;

use super::{Style, color::Paint, columns::Column};
use crate::{
    escape::escape,
    model::{PAGE_FAULT, Probe, ProbeStatus, Recording, Role, ThreadIdentity, ThreadRef},
};

/// A narrower terminal wraps the lines itself, which is easier to read than a word per line.
const LEAST_WIDTH: usize = 60;

/// The report as text: who was measured and how, what each system call did, and the verdict.
#[must_use]
pub fn table(recording: &Recording, style: &Style) -> String {
    let style = Style { width: style.width.max(LEAST_WIDTH), ..*style };
    let report = Report { recording, style, paint: Paint { color: style.color } };
    let mut sections = vec![heading::heading(&report), runs::section(&report)];
    sections.extend(recording.syscalls.iter().map(|syscall| syscall::section(&report, syscall)));
    sections.push(event_loops::section(&report));
    sections.push(disk_waits::section(&report));
    sections.push(verdict::section(&report));
    sections.retain(|section| !section.is_empty());
    sections.join("\n")
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
