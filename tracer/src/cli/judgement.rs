//! What counts as slow and as blocked, and by what means it is observed.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{duration, peers, share};
use crate::{
    model::Mechanism,
    options::{DEFAULT_STACKS, MAX_FILES, Measurement, PeerLabels},
};

/// What counts as slow and as blocked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Judgement")]
pub struct JudgementArgs {
    /// A call of at least this is slow
    #[arg(long, value_name = "TIME", default_value = "1ms", value_parser = duration::parse_threshold, allow_hyphen_values = true)]
    threshold: Duration,
    /// An event loop whose disk waits take this share of the window is blocked: 0.1%, 0.001
    #[arg(long, value_name = "SHARE", default_value = "0.1%", value_parser = parse_share, allow_hyphen_values = true)]
    blocked_share: f64,
    /// Names for clients: a file with an address (10.0.0.7, 10.0.0.7:9092, unix:/path) and a label a line
    #[arg(long, value_name = "FILE", value_parser = peers::read)]
    label_peers: Option<PeerLabels>,
    /// Hook nothing on epoll_wait and its kin: event loops are known by where they sleep, their turns are not seen
    #[arg(long)]
    no_turns: bool,
    /// Room for this many threads; what finds none is counted as lost [default: four times those there are, at least 8192]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    max_threads: Option<u32>,
    /// Room for this many files, where they are told apart (pagecache); the rest is summed up in one row
    #[arg(long, value_name = "N", default_value_t = MAX_FILES, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    max_files: u32,
    /// Kernel mechanism, for experts and tests; nobody should need it
    #[arg(long, value_name = "NAME", default_value = "auto")]
    mechanism: MechanismChoice,
    /// The programs for kernels that are too old for the others; for tests
    #[arg(long, hide = true)]
    guarded: bool,
}

/// What is found out about processes besides, which takes a look into them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Judgement")]
pub struct DetailArgs {
    /// Ask a Java VM (HotSpot) for the full names of its threads; it stops all of them for some milliseconds
    #[arg(long)]
    java_names: bool,
    /// Take the stacks of disk waits and slow calls too: which functions led to them
    #[arg(long)]
    stacks: bool,
    /// Room for this many stacks; what finds none is counted
    #[arg(long, value_name = "N", default_value_t = DEFAULT_STACKS, value_parser = clap::value_parser!(u32).range(1..=1 << 16))]
    max_stacks: u32,
}

impl DetailArgs {
    /// Writes what the user says into a measurement.
    pub fn apply(&self, measurement: &mut Measurement, needs_stacks: bool) {
        measurement.java_names = self.java_names;
        measurement.stacks = (self.stacks || needs_stacks).then_some(self.max_stacks);
    }
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

impl JudgementArgs {
    /// Writes what the user says into a measurement.
    pub fn apply(&self, measurement: &mut Measurement) {
        measurement.threshold_ns = duration::as_ns(self.threshold);
        measurement.peer_labels = self.label_peers.clone().unwrap_or_default();
        measurement.blocked_share = self.blocked_share;
        measurement.turns = !self.no_turns;
        measurement.max_threads = self.max_threads;
        measurement.max_files = self.max_files;
        measurement.mechanism = self.mechanism.mechanism();
        measurement.guarded = self.guarded;
    }
}

/// A share above 0: of nothing, every event loop would be blocked.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let share = share::parse(text)?;
    if share > 0.0 { Ok(share) } else { Err("a share lies above 0 and is at most 1 (100%)".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_fractions_or_percentages() {
        assert_eq!(parse_share("0.001"), Ok(0.001));
        assert_eq!(parse_share("50%"), Ok(0.5));
        for bad in ["0", "-1", "1.5", "101%", "nan", "", "x"] {
            assert!(parse_share(bad).is_err(), "{bad}");
        }
    }
}
