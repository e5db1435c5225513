//! A run as figures.

use super::metric::Metric;
use crate::{
    gate::traced::{Traced, calls_of_family, families},
    model::{Probe, ProbeStatus, Recording},
};

/// A recording and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Its file.
    pub name: &'a str,
    /// What it says.
    pub recording: &'a Recording,
}

/// What figures are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The calls of a family, by the name of its command.
    Family(String),
    /// The event loops.
    EventLoops,
}

impl Subject {
    /// What there is in a recording, in its order.
    #[must_use]
    pub fn all(recording: &Recording) -> Vec<Self> {
        let families = families(recording).into_iter().map(|family| Self::Family(family.to_owned()));
        families.chain([Self::EventLoops]).collect()
    }

    /// As people read it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Family(family) => family,
            Self::EventLoops => "event loops",
        }
    }

    /// Its metrics, in the order in which they are shown.
    #[must_use]
    pub fn metrics(&self) -> &'static [Metric] {
        match self {
            Self::Family(_) => &Metric::OF_CALLS,
            Self::EventLoops => &Metric::OF_EVENT_LOOPS,
        }
    }

    /// What its figures of a run are taken of.
    #[must_use]
    pub fn measured<'a>(&self, recording: &'a Recording) -> Measured<'a> {
        let traced = match self {
            Self::Family(family) => Traced::of_family(recording, family),
            Self::EventLoops => None,
        };
        Measured { recording, traced, sees_disk_waits: sees_disk_waits(recording) }
    }

    /// Calls of a run.
    #[must_use]
    pub fn calls(&self, recording: &Recording) -> Option<u64> {
        match self {
            Self::Family(family) => calls_of_family(recording, family),
            Self::EventLoops => None,
        }
    }
}

/// What the figures of a run are taken of: calls are summed up once for all of them.
pub struct Measured<'a> {
    recording: &'a Recording,
    traced: Option<Traced>,
    sees_disk_waits: bool,
}

impl Measured<'_> {
    /// A figure; `None` where it is not known.
    #[must_use]
    pub fn figure(&self, metric: Metric) -> Option<f64> {
        if metric.rests_on_disk_waits() && !self.sees_disk_waits {
            return None;
        }
        match metric.is_of_event_loops() {
            true => metric.of_event_loops(self.recording),
            false => metric.of_calls(self.traced.as_ref()?),
        }
    }
}

fn sees_disk_waits(recording: &Recording) -> bool {
    let probe = recording.probes.iter().find(|probe| probe.name == Probe::DISK_WAITS);
    probe.is_some_and(|probe| probe.status == ProbeStatus::Attached)
}
