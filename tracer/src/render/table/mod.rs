//! The report that a person sees.

mod culprits;
mod disk_waits;
mod event_loops;
mod heading;
mod in_flight;
mod syscall;
mod threads;
mod verdict;

use super::{Style, color::Paint, facts};
use crate::model::{Recording, ThreadRef};

/// A narrower terminal wraps the lines itself, which is easier to read than a word per line.
const LEAST_WIDTH: usize = 60;

/// The report as text: who was measured and how, what each system call did, and the verdict.
#[must_use]
pub fn table(recording: &Recording, style: &Style) -> String {
    let style = Style { width: style.width.max(LEAST_WIDTH), ..*style };
    let report = Report { recording, style, paint: Paint { color: style.color } };
    let mut sections = vec![heading::heading(&report)];
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
    fn knows_disk_waits(&self) -> bool {
        facts::knows_disk_waits(self.recording)
    }

    fn tid(&self, thread: &ThreadRef) -> String {
        facts::tid(self.recording, thread)
    }

    fn tid_heading(&self) -> &'static str {
        facts::tid_heading(self.recording)
    }
}
