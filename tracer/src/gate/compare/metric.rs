//! What is compared: figures of a run of which less is better.

use crate::{
    gate::traced::Traced,
    model::{EventLoop, Recording},
};

/// A figure of a run of which less is better.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[value(rename_all = "kebab-case")]
pub enum Metric {
    /// The median latency.
    P50,
    /// The 90th percentile of the latency.
    P90,
    /// The 99th percentile.
    P99,
    /// The 99.9th percentile.
    #[serde(rename = "p99.9")]
    #[value(name = "p99.9")]
    P999,
    /// The longest call.
    Max,
    /// The share of slow calls.
    Slow,
    /// The share of disk-blocked calls.
    DiskBlocked,
    /// The disk part of an average call.
    DiskWait,
    /// How long the event loops were blocked on disk, all together, in a second.
    EventLoopBlocked,
    /// How many connections waited behind disk-blocked calls of event loops, in a second.
    Behind,
}

/// What a metric is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub enum Unit {
    /// A time.
    #[serde(rename = "ns")]
    Ns,
    /// A share, from 0 to 1.
    #[serde(rename = "fraction")]
    Fraction,
    /// A time for each call.
    #[serde(rename = "ns/call")]
    NsPerCall,
    /// A time for each second.
    #[serde(rename = "ns/s")]
    NsPerSecond,
    /// A number for each second.
    #[serde(rename = "1/s")]
    PerSecond,
}

impl Unit {
    /// As JSON has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ns => "ns",
            Self::Fraction => "fraction",
            Self::NsPerCall => "ns/call",
            Self::NsPerSecond => "ns/s",
            Self::PerSecond => "1/s",
        }
    }
}

impl Metric {
    /// Those of the calls of a family, in the order in which they are shown.
    pub const OF_CALLS: [Self; 8] =
        [Self::P99, Self::DiskBlocked, Self::DiskWait, Self::P50, Self::P90, Self::P999, Self::Max, Self::Slow];

    /// Those of the event loops; likewise.
    pub const OF_EVENT_LOOPS: [Self; 2] = [Self::EventLoopBlocked, Self::Behind];

    /// Those that decide unless the user chooses others.
    pub const GATING: [Self; 3] = [Self::P99, Self::DiskBlocked, Self::DiskWait];

    /// Whether it is a figure of event loops, and not of calls.
    #[must_use]
    pub fn is_of_event_loops(self) -> bool {
        Self::OF_EVENT_LOOPS.contains(&self)
    }

    /// Whether nothing is known of it where disk waits were not observed.
    #[must_use]
    pub fn rests_on_disk_waits(self) -> bool {
        matches!(self, Self::DiskBlocked | Self::DiskWait | Self::EventLoopBlocked | Self::Behind)
    }

    /// Its name with what it is of: `sendfile p99`; figures of event loops say so themselves.
    #[must_use]
    pub fn name_of(self, subject: &str) -> String {
        match self.is_of_event_loops() {
            true => self.name().to_owned(),
            false => format!("{subject} {}", self.name()),
        }
    }

    /// As people and the command line have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
            Self::Max => "max",
            Self::Slow => "slow",
            Self::DiskBlocked => "disk-blocked",
            Self::DiskWait => "disk-wait",
            Self::EventLoopBlocked => "event-loop-blocked",
            Self::Behind => "behind",
        }
    }

    /// What it is counted in.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::P50 | Self::P90 | Self::P99 | Self::P999 | Self::Max => Unit::Ns,
            Self::Slow | Self::DiskBlocked => Unit::Fraction,
            Self::DiskWait => Unit::NsPerCall,
            Self::EventLoopBlocked => Unit::NsPerSecond,
            Self::Behind => Unit::PerSecond,
        }
    }

    /// A difference below this is never worth a red build, in its unit: half a microsecond of latency, one call in ten
    /// thousand, and what one wait of a millisecond in ten thousand calls comes to.
    #[must_use]
    pub fn floor(self) -> f64 {
        match self {
            Self::P50 | Self::P90 | Self::P99 | Self::P999 | Self::Max => 500.0,
            Self::Slow | Self::DiskBlocked => 1e-4,
            Self::DiskWait => 100.0,
            Self::EventLoopBlocked => 1e5,
            Self::Behind => 1.0,
        }
    }

    /// The figure of the calls of a family; `None` without calls, or for what is no figure of calls.
    #[must_use]
    pub fn of_calls(self, traced: &Traced) -> Option<f64> {
        let per_call = |sum: u64| (traced.calls > 0).then(|| sum as f64 / traced.calls as f64);
        let percentile = |per_mille| traced.latency.percentile(per_mille).map(|ns| ns as f64);
        match self {
            Self::P50 => percentile(500),
            Self::P90 => percentile(900),
            Self::P99 => percentile(990),
            Self::P999 => percentile(999),
            Self::Max => traced.latency.max_ns().map(|ns| ns as f64),
            Self::Slow => per_call(traced.slow),
            Self::DiskBlocked => per_call(traced.disk_blocked),
            Self::DiskWait => per_call(traced.disk_wait_ns),
            Self::EventLoopBlocked | Self::Behind => None,
        }
    }

    /// The figure of the event loops; `None` where it is not known, and for what is a figure of calls.
    #[must_use]
    pub fn of_event_loops(self, recording: &Recording) -> Option<f64> {
        let seconds = recording.measured_ns() as f64 / 1e9;
        let sum = |of: fn(&EventLoop) -> Option<u64>| {
            recording.event_loops.iter().map(of).try_fold(0, |sum: u64, figure| Some(sum.saturating_add(figure?)))
        };
        let sum = match self {
            Self::EventLoopBlocked => sum(|event_loop| Some(event_loop.disk_wait_ns)),
            Self::Behind => sum(|event_loop| event_loop.behind),
            _ => None,
        };
        sum.filter(|_| seconds > 0.0).map(|sum| sum as f64 / seconds)
    }
}
