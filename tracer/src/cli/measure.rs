//! What every command that measures takes: whom, when, what counts, and where the results go.

use std::{ffi::OsString, time::Duration};

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::{
    CommandArgs, Format, OutputArgs, duration,
    judgement::{DetailArgs, JudgementArgs},
    labels,
    target::TargetArgs,
};
use crate::{
    exit,
    model::Status,
    options::{Family, Measurement, RECORDED_INTERVAL},
};

/// A measurement, on the command line.
#[derive(Debug, Args)]
pub struct MeasureArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// How to measure.
    #[command(flatten)]
    pub how: HowArgs,
    /// Where the results go.
    #[command(flatten)]
    pub output: OutputArgs,
    /// How to run a command.
    #[command(flatten)]
    pub options: CommandArgs,
    /// A command to run meanwhile: the window is open as long as it runs
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// How to measure, whatever the target.
#[derive(Debug, Args)]
pub struct HowArgs {
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    judgement: JudgementArgs,
    #[command(flatten)]
    detail: DetailArgs,
    /// What else to measure at the same time
    #[arg(long, value_name = "FAMILIES", value_delimiter = ',', help_heading = "Window")]
    with: Vec<Family>,
    /// A mark for the recording: KEY=VALUE; repeatable. Commit, branch and build are taken from the environment of a CI server
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = labels::parse, help_heading = "Output")]
    labels: Vec<(String, String)>,
    /// Verdicts to end with exit code 1 for, where the command itself ends with 0
    #[arg(long, value_name = "VERDICTS", value_delimiter = ',', help_heading = "Output")]
    fail_on: Vec<FailOn>,
}

/// A verdict that may fail a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// An event loop was blocked on disk.
    Blocked,
    /// Something was missing that could have shown one.
    Inconclusive,
}

/// When to measure.
#[derive(Debug, Args)]
#[command(next_help_heading = "Window")]
struct WindowArgs {
    /// How long: 10, 10s, 500ms, 1m30s; without it until Ctrl-C, or as long as CMD runs
    #[arg(short, long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true)]
    duration: Option<Duration>,
    /// Print a line this often
    #[arg(short, long, value_name = "TIME", value_parser = duration::parse_interval, allow_hyphen_values = true)]
    interval: Option<Duration>,
    /// Show the window on the terminal as it goes, second by second; q closes it. Where stdout is no terminal: a line a second
    #[arg(long)]
    live: bool,
}

impl HowArgs {
    /// Whether the user asks for a report of each interval, and not just for lines in a file.
    #[must_use]
    pub fn reports_intervals(&self) -> bool {
        self.window.interval.is_some()
    }

    /// Whether the user asks to see the window on the terminal as it goes.
    #[must_use]
    pub fn live(&self) -> bool {
        self.window.live
    }

    /// The exit code: that of what ran, but 1 instead of 0 after a verdict that the user wants to fail on.
    #[must_use]
    pub fn exit_code(&self, ended: u8, verdict: Status) -> u8 {
        let is_wanted = match verdict {
            Status::Blocked => self.fail_on.contains(&FailOn::Blocked),
            Status::Inconclusive => self.fail_on.contains(&FailOn::Inconclusive),
            Status::Clear => false,
        };
        if ended == exit::OK && is_wanted { exit::GATE_FAILED } else { ended }
    }

    /// Writes what the user says into a measurement.
    pub fn apply(&self, measurement: &mut Measurement, output: &OutputArgs) {
        measurement.duration = self.window.duration;
        measurement.interval = self.window.interval.or(output.has(Format::Jsonl).then_some(RECORDED_INTERVAL));
        for &family in &self.with {
            if !measurement.families.contains(&family) {
                measurement.families.push(family);
            }
        }
        measurement.labels = labels::of_ci(|name| std::env::var(name).ok());
        measurement.labels.extend(self.labels.iter().cloned());
        self.judgement.apply(measurement);
        self.detail.apply(measurement, output.has(Format::Folded));
    }
}

impl MeasureArgs {
    /// The measurement of `family` that the user asks for.
    ///
    /// # Errors
    /// If options contradict each other.
    pub fn measurement(&self, family: Family) -> Result<Measurement> {
        let mut measurement = Measurement::new(family, self.target.target(), self.output.verbose);
        self.how.apply(&mut measurement, &self.output);
        Ok(measurement)
    }
}
