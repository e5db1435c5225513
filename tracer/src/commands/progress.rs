//! How a measurement goes: messages and a progress line on stderr, the intervals that the user asked for on stdout.

mod line;

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use self::line::ProgressLine;
use super::{
    lines::Lines,
    results::{Results, print},
};
use crate::{
    escape::escape,
    measure::Observer,
    model::{Interval, Target},
    options::Measurement,
    render::{self, Style},
    stderr::{say, shows_lines},
    units,
};

/// Says on stderr how a measurement goes, and prints the intervals that the user asked for.
#[derive(Debug)]
pub struct Progress {
    title: String,
    prints_intervals: bool,
    /// Whether a line is to show how far it is, and the line once the window is open.
    wants_line: bool,
    line: Option<ProgressLine>,
    style: Style,
    verbose: bool,
    lines: usize,
    json_lines: Lines,
    threshold_ns: u64,
}

impl Progress {
    /// Of a measurement with these results; for people, each interval is reported or not.
    #[must_use]
    pub fn new(results: &mut Results, options: &Measurement, reports_intervals: bool) -> Self {
        let prints_intervals = results.prints_table() && reports_intervals;
        Self {
            title: options.title(),
            prints_intervals,
            wants_line: results.are_for_later() && !prints_intervals && shows_lines(),
            line: None,
            style: results.style(),
            verbose: results.verbose(),
            lines: 0,
            json_lines: results.take_lines(),
            threshold_ns: options.threshold_ns,
        }
    }

    /// Ends what was written as it went.
    ///
    /// # Errors
    /// If a line could not be written.
    pub fn finish(self) -> Result<()> {
        self.json_lines.finish()
    }
}

impl Observer for Progress {
    fn started(&mut self, target: &Target, start: Timestamp, duration: Option<Duration>) {
        self.json_lines.start(target, self.threshold_ns, start);
        let comm = escape(target.processes.first().map_or("", |process| &process.comm));
        let duration_ns = duration.map(|duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        let until = match duration_ns {
            Some(duration_ns) => format!("for {}", units::setting(duration_ns)),
            None => "until Ctrl-C".into(),
        };
        say(&format!("tracing {} of {} ({comm}) {until}", self.title, target.selector));
        self.line = self.wants_line.then(|| ProgressLine::begin(duration_ns));
    }

    fn recorded(&mut self, interval: &Interval) {
        if let Some(line) = &mut self.line {
            line.advance(interval);
        }
    }

    fn closing(&mut self) {
        self.line = None;
    }

    fn interval(&mut self, interval: &Interval) {
        self.json_lines.add(interval);
        if self.prints_intervals {
            // A closed pipe ends the lines, not the measurement.
            let header = match self.lines % render::INTERVAL_HEADER_EVERY {
                0 => render::interval_header(interval, &self.style),
                _ => String::new(),
            };
            self.lines += 1;
            self.prints_intervals = print(&(header + &render::interval_lines(interval, &self.style))).is_ok();
        }
    }

    fn warning(&mut self, text: &str) {
        say(&format!("tracer: {}", escape(text)));
    }

    fn detail(&mut self, text: &str) {
        if self.verbose {
            say(&format!("tracer: {text}"));
        }
    }
}
