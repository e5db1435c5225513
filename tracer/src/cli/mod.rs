//! The command line: what the user may write, and the options that it becomes.

mod duration;
mod output;
mod peers;
mod report;
pub mod usage;

use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::{
    output::{Format, OutputSpec},
    report::ReportArgs,
};
use crate::{
    model::{Mechanism, Pid, Tid},
    options::{Measurement, PeerLabels, TargetOption},
};

/// eBPF latency diagnostics: which event-loop threads are blocked on disk, and by what.
#[derive(Debug, Parser)]
#[command(name = "tracer", version, propagate_version = true, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What tracer can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Latency of sendfile, and what it waited for
    #[command(after_long_help = SENDFILE_EXAMPLES)]
    Sendfile(Box<SendfileArgs>),
    /// Reports of recordings that were kept, several of one target as one
    #[command(after_long_help = report::EXAMPLES)]
    Report(Box<ReportArgs>),
    /// A built-in event-loop file server with cold and warm files, traced for five seconds
    Demo(Box<DemoArgs>),
}

const SENDFILE_EXAMPLES: &str = "\
Examples:
  tracer sendfile --pid 4088 -d 10          measure a broker for ten seconds
  tracer sendfile --pid 4088                until Ctrl-C
  tracer sendfile --tid 4181 -d 10 -i 1     one thread, a line every second
  tracer sendfile --pid 4088 -d 10 -o run.json -q
                                            keep the recording, print nothing

Exit codes:
  0 measured, whatever the verdict   2 wrong options   4 could not measure or write";

/// `tracer sendfile`.
#[derive(Debug, Args)]
pub struct SendfileArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    judgement: JudgementArgs,
    /// Where the results go.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `tracer demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How long to trace: 5, 5s, 1m30s
    #[arg(short, long, value_name = "TIME", default_value = "5s", value_parser = duration::parse, allow_hyphen_values = true)]
    pub duration: Duration,
    /// Where to put the files; must be on a disk
    #[arg(long, value_name = "DIR")]
    pub directory: Option<std::path::PathBuf>,
    /// Where the results go.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Be the demo's server
    #[arg(long, value_name = "DIR", hide = true)]
    pub serve: Option<std::path::PathBuf>,
}

/// Whom to measure.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
#[command(next_help_heading = "Target")]
struct TargetArgs {
    /// A process, with all its threads
    #[arg(short, long, value_name = "PID", value_parser = parse_id, allow_hyphen_values = true)]
    pid: Option<u32>,
    /// One thread
    #[arg(short, long, value_name = "TID", value_parser = parse_id, allow_hyphen_values = true)]
    tid: Option<u32>,
}

/// When to measure.
#[derive(Debug, Args)]
#[command(next_help_heading = "Window")]
struct WindowArgs {
    /// How long: 10, 10s, 500ms, 1m30s; without it until Ctrl-C
    #[arg(short, long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true)]
    duration: Option<Duration>,
    /// Print a line this often
    #[arg(short, long, value_name = "TIME", value_parser = duration::parse_interval, allow_hyphen_values = true)]
    interval: Option<Duration>,
}

/// What counts as slow and as blocked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Judgement")]
struct JudgementArgs {
    /// A call of at least this is slow
    #[arg(long, value_name = "TIME", default_value = "1ms", value_parser = duration::parse_threshold, allow_hyphen_values = true)]
    threshold: Duration,
    /// An event loop whose disk waits take this share of the window is blocked: 0.1%, 0.001
    #[arg(long, value_name = "SHARE", default_value = "0.1%", value_parser = parse_share, allow_hyphen_values = true)]
    blocked_share: f64,
    /// Ask a Java VM (HotSpot) for the full names of its threads; it stops all of them for some milliseconds
    #[arg(long)]
    java_names: bool,
    /// Names for clients: a file with an address (10.0.0.7, 10.0.0.7:9092, unix:/path) and a label a line
    #[arg(long, value_name = "FILE", value_parser = peers::read)]
    label_peers: Option<PeerLabels>,
    /// Hook nothing on epoll_wait and its kin: event loops are known by where they sleep, their turns are not seen
    #[arg(long)]
    no_turns: bool,
    /// Room for this many threads; what finds none is counted as lost [default: four times those there are, at least 8192]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    max_threads: Option<u32>,
    /// Kernel mechanism, for experts and tests; nobody should need it
    #[arg(long, value_name = "NAME", default_value = "auto")]
    mechanism: MechanismChoice,
}

/// A kernel mechanism to insist on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MechanismChoice {
    /// The cheapest that the kernel allows.
    Auto,
    /// Trampolines.
    Fentry,
    /// Breakpoints.
    Kprobe,
    /// Classic tracepoints.
    Tracepoint,
    /// Raw tracepoints with typed arguments.
    #[value(name = "tp_btf")]
    TpBtf,
}

impl MechanismChoice {
    fn mechanism(self) -> Option<Mechanism> {
        match self {
            Self::Auto => None,
            Self::Fentry => Some(Mechanism::Fentry),
            Self::Kprobe => Some(Mechanism::Kprobe),
            Self::Tracepoint => Some(Mechanism::Tracepoint),
            Self::TpBtf => Some(Mechanism::TpBtf),
        }
    }
}

/// Where the results go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// What to print on stdout
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Write to a file too, whole or not at all; repeatable. The format is the extension's (.json, .txt) or FORMAT:FILE
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<OutputSpec>,
    /// Rows per list
    #[arg(long, value_name = "N", default_value_t = 10, allow_hyphen_values = true)]
    pub top: usize,
    /// Colour: auto (on a terminal, unless NO_COLOR is set), always, never
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Print nothing on stdout
    #[arg(short, long)]
    pub quiet: bool,
    /// Say what goes on, on stderr
    #[arg(short, long)]
    pub verbose: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl SendfileArgs {
    /// The measurement that the user asks for.
    ///
    /// # Errors
    /// If options contradict each other.
    pub fn measurement(&self) -> Result<Measurement> {
        let target = match (self.target.pid, self.target.tid) {
            (Some(pid), None) => TargetOption::Pid(Pid(pid)),
            (None, Some(tid)) => TargetOption::Tid(Tid(tid)),
            _ => bail!("give one of --pid and --tid"),
        };
        Ok(Measurement {
            target,
            duration: self.window.duration,
            interval: self.window.interval,
            threshold_ns: duration::as_ns(self.judgement.threshold),
            java_names: self.judgement.java_names,
            peer_labels: self.judgement.label_peers.clone().unwrap_or_default(),
            blocked_share: self.judgement.blocked_share,
            turns: !self.judgement.no_turns,
            max_threads: self.judgement.max_threads,
            mechanism: self.judgement.mechanism.mechanism(),
            ..Measurement::of_sendfile(target, self.output.verbose)
        })
    }
}

/// Ids of processes and threads end here (`PID_MAX_LIMIT` in include/linux/threads.h).
const HIGHEST_ID: u32 = 1 << 22;

fn parse_id(text: &str) -> Result<u32, String> {
    let id = text.parse().ok().filter(|id| (1..=HIGHEST_ID).contains(id));
    id.ok_or_else(|| format!("an id is a whole number from 1 to {HIGHEST_ID}"))
}

/// A share between 0 and 1, or in percent.
fn parse_share(text: &str) -> Result<f64, String> {
    let (number, scale) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 0.01));
    let share = number.trim().parse::<f64>().map_err(|_| "not a share: write 0.1% or 0.001".to_owned())? * scale;
    if share > 0.0 && share <= 1.0 { Ok(share) } else { Err("a share lies above 0 and is at most 1 (100%)".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn ids_are_those_that_linux_gives() {
        assert_eq!((parse_id("1"), parse_id("4194304")), (Ok(1), Ok(4_194_304)));
        for bad in ["0", "-1", "4194305", "99999999999", "1.0", "", "x"] {
            assert!(parse_id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_are_fractions_or_percentages() {
        assert_eq!(parse_share("0.001"), Ok(0.001));
        assert_eq!(parse_share("50%"), Ok(0.5));
        for bad in ["0", "-1", "1.5", "101%", "nan", "", "x"] {
            assert!(parse_share(bad).is_err(), "{bad}");
        }
    }
}
