//! How a measurement goes: messages and a progress line on stderr, the intervals that the user asked for on stdout.

mod line;

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use self::line::ProgressLine;
use super::{follow::Follow, lines::Lines, printer::print, results::Results};
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
    prints_table: bool,
    prints_intervals: bool,
    /// Whether a line is to show how far it is, and the line once the window is open.
    wants_line: bool,
    line: Option<ProgressLine>,
    style: Style,
    verbose: bool,
    lines: usize,
    json_lines: Lines,
    threshold_ns: u64,
    /// Whether a command has stdout and stderr to itself until it has ended.
    beside_command: bool,
    /// With a command, what comes while it runs is kept until it has ended.
    kept: Option<String>,
}

impl Progress {
    /// Of a measurement with these results, which somebody follows in this way.
    #[must_use]
    pub fn new(results: &mut Results, options: &Measurement, follow: Follow) -> Self {
        let prints_intervals = results.prints_table() && follow == Follow::Intervals;
        let is_seen = prints_intervals || matches!(follow, Follow::View { .. });
        Self {
            title: options.title(),
            prints_table: results.prints_table(),
            prints_intervals,
            wants_line: results.are_for_later() && !is_seen && !results.come_after_command() && shows_lines(),
            line: None,
            style: results.style(),
            verbose: results.verbose(),
            lines: 0,
            json_lines: results.take_lines(),
            threshold_ns: options.threshold_ns,
            beside_command: results.come_after_command(),
            kept: None,
        }
    }

    /// What was kept while the command ran; once.
    #[must_use]
    pub fn take_kept(&mut self) -> String {
        self.kept.take().unwrap_or_default()
    }

    fn say(&mut self, text: &str) {
        match &mut self.kept {
            Some(kept) => kept.extend(text.lines().map(|line| escape(line) + "\n")),
            None => say(text),
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
    fn waiting(&mut self, selector: &str) {
        say(&format!("waiting for {}", escape(selector)));
    }

    fn started(&mut self, target: &Target, start: Timestamp, duration: Option<Duration>) {
        self.json_lines.start(target, self.threshold_ns, start);
        let whom = match target.processes.as_slice() {
            [] => "nobody yet".into(),
            [process] => escape(&process.comm),
            several => units::counted(several.len() as u64, "process", "processes"),
        };
        let duration_ns = duration.map(|duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        let duration = duration_ns.map(|duration_ns| format!("for {}", units::setting(duration_ns)));
        let until = match (duration, self.beside_command) {
            (Some(duration), false) => duration,
            (Some(duration), true) => format!("{duration}, or until the command ends"),
            (None, true) => "until the command ends".into(),
            (None, false) => "until Ctrl-C".into(),
        };
        // Beside a command stderr has nothing that the user has not asked for.
        if self.prints_table || !self.beside_command {
            say(&format!("tracing {} of {} ({whom}) {until}", self.title, escape(&target.selector)));
        }
        self.kept = self.beside_command.then(String::new);
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
            let header = match self.lines % render::INTERVAL_HEADER_EVERY {
                0 => render::interval_header(interval, &self.style),
                _ => String::new(),
            };
            self.lines += 1;
            let lines = header + &render::interval_lines(interval, &self.style);
            match &mut self.kept {
                Some(kept) => kept.push_str(&lines),
                // A closed pipe ends the lines, not the measurement.
                None => self.prints_intervals = print(&lines).is_ok(),
            }
        }
    }

    fn warning(&mut self, text: &str) {
        self.say(&format!("tracer: {}", escape(text)));
    }

    fn detail(&mut self, text: &str) {
        if self.verbose {
            self.say(&format!("tracer: {text}"));
        }
    }
}
