//! The report that a person sees.

mod culprits;
mod disk_waits;
mod event_loops;
mod heading;
mod in_flight;
mod loops;
mod overview;
mod page_cache;
mod processes;
mod runs;
mod stacks;
mod syscall;
mod threads;
mod verdict;

use std::cmp::Reverse;

use super::{
    Style,
    color::{Paint, Tint},
    columns::Column,
    facts, hosts,
};
use crate::{
    model::{Recording, SyscallRecord, ThreadRef},
    options::Family,
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
    if report.is_about_loops() {
        sections.extend(loops::sections(&report));
        if report.recording.families.len() > 1 {
            sections.extend(calls(&report));
        }
    } else {
        sections.extend(calls(&report));
    }
    sections.push(page_cache::section(&report));
    if !report.is_about_loops() {
        sections.push(event_loops::section(&report));
    }
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
    /// The column of hosts, where there are several.
    fn host_column(&self) -> Option<(&'static str, Column)> {
        hosts::heading(self.recording).map(|heading| (heading, Column::Host))
    }

    /// Its cell in the row of something on `hostname`; empty in a row of several hosts.
    fn host(&self, hostname: Option<&str>) -> Option<String> {
        hosts::cell(self.recording, hostname)
    }

    fn knows_disk_waits(&self) -> bool {
        facts::knows_disk_waits(self.recording)
    }

    /// Whether event loops are what was asked for.
    fn is_about_loops(&self) -> bool {
        self.recording.families.iter().any(|family| family == Family::Eventloop.name())
    }

    fn tid(&self, thread: &ThreadRef) -> String {
        facts::tid(self.recording, thread)
    }

    fn tid_heading(&self) -> &'static str {
        facts::tid_heading(self.recording)
    }
}
