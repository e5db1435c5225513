//! Recordings against limits and service-level objectives.
//!
//! What is limited is the share of calls that are too many of: slow ones, disk-blocked ones, and, for a percentile,
//! those above the limit: the 99th is at most 5 ms if at most 1 % of the calls took longer. The calls of a recording are
//! some of those that the target makes, so a share is known within an interval: it passes if all of the interval is
//! at or below the limit, fails if all of it is above, and is inconclusive between. A limit of 0 is about these calls
//! alone, and so is exact; so are the limits of what event loops waited, and the verdict.
//!
//! What was not seen is taken for the worst where it would pass, and for the best where it would fail.
//!
//! The parts: what is limited ([`limits`]), how many calls are too much for chance (`tally`), what escaped the count
//! (`unseen`), a file for each kind of limit, and [`report`], what was found as programs read it.

mod event_loops;
pub mod limits;
mod objectives;
mod percentile;
pub mod report;
mod selected;
mod share;
mod tally;
mod unseen;
mod warnings;

pub use self::{
    limits::{Limit, Limits, Of},
    report::CheckReport,
};
use self::{report::TargetReport, selected::Selected};
use super::outcome::Outcome;
use crate::{
    model::{Recording, Tool},
    units::counted,
};

/// Recordings of one target, as one.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is called: `pid 4088 java (kafka.Kafka)`.
    pub name: String,
    /// What was recorded of it.
    pub recording: Recording,
}

/// Holds each target against all that is asked.
#[must_use]
pub fn check(targets: &[Target], limits: &Limits) -> CheckReport {
    let targets: Vec<_> = targets.iter().map(|target| of_target(target, limits)).collect();
    let outcomes: Vec<Outcome> = targets.iter().flat_map(TargetReport::outcomes).collect();
    CheckReport {
        schema_version: report::SCHEMA_VERSION,
        tool: Tool::this(),
        outcome: Outcome::of_all(outcomes.iter().copied()),
        summary: summary(&outcomes),
        targets,
    }
}

fn of_target(target: &Target, limits: &Limits) -> TargetReport {
    let recording = &target.recording;
    let calls = |of: &Of| Selected::all(recording, of);
    let mut found = Vec::new();
    for limit in &limits.limits {
        match limit {
            Limit::P99(of, ns) => found.extend(calls(of).iter().map(|calls| percentile::p99(calls, *ns))),
            Limit::Slow(of, share) => found.extend(calls(of).iter().map(|calls| share::slow(calls, *share))),
            Limit::DiskBlocked(of, share) => {
                found.extend(calls(of).iter().map(|calls| share::disk_blocked(calls, *share)));
            }
            Limit::EventLoopBlocked(ns) => found.push(event_loops::blocked(recording, *ns)),
            Limit::NoBlockedEventLoop => found.push(event_loops::none_blocked(recording)),
        }
    }
    TargetReport {
        name: target.name.clone(),
        runs: recording.runs.len().max(1) as u64,
        measured_ns: recording.measured_ns(),
        threshold_ns: recording.threshold_ns,
        limits: found,
        objectives: limits.slos.iter().flat_map(|slo| objectives::of_slo(recording, slo)).collect(),
        warnings: warnings::of(recording),
    }
}

/// The answer as one sentence.
fn summary(outcomes: &[Outcome]) -> String {
    let number = |outcome| outcomes.iter().filter(|&&other| other == outcome).count();
    if let [only] = outcomes {
        return match only {
            Outcome::Pass => "the one check passed".into(),
            Outcome::Inconclusive => "the one check is inconclusive".into(),
            Outcome::Fail => "the one check failed".into(),
        };
    }
    let all = counted(outcomes.len() as u64, "check", "checks");
    let (failed, open) = (number(Outcome::Fail), number(Outcome::Inconclusive));
    match (failed, open) {
        (0, 0) => format!("all of {all} passed"),
        (0, _) => format!("{open} of {all} inconclusive, none failed"),
        (_, 0) => format!("{failed} of {all} failed"),
        _ => format!("{failed} of {all} failed, {open} inconclusive"),
    }
}
