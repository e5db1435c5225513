//! What `tracer check` found, as programs read it; `docs/check.schema.json` is made from it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    gate::{
        judged::{Check, Figure, Judged},
        outcome::Outcome,
    },
    model::Tool,
};

/// Version of the document.
pub const SCHEMA_VERSION: u32 = 1;

/// The answer, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CheckReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// The answer: that of the worst of all limits and objectives.
    pub outcome: Outcome,
    /// The answer as one sentence.
    pub summary: String,
    /// What was recorded, target by target.
    pub targets: Vec<TargetReport>,
}

/// What was found of one target.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TargetReport {
    /// What it is called.
    pub name: String,
    /// Measurements of it; several are added up.
    pub runs: u64,
    /// Their time together, ns.
    pub measured_ns: u64,
    /// A call of at least this was slow.
    pub threshold_ns: u64,
    /// Each limit.
    pub limits: Vec<LimitReport>,
    /// Each objective.
    pub objectives: Vec<ObjectiveReport>,
    /// What may make the answer mean less than it seems to, a sentence each.
    pub warnings: Vec<String>,
}

/// What was found of a limit.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LimitReport {
    /// Whose: a system call, the calls of a family, the event loops.
    pub of: String,
    /// What of it: `p99`, `slow`, `disk-blocked`, `blocked`.
    pub metric: &'static str,
    /// Unit of the figures: `ns`, `fraction`, `ns/s`; `loops` for the verdict, which counts event loops.
    pub unit: &'static str,
    /// The most that is allowed.
    pub limit: f64,
    /// Whether it is kept.
    pub outcome: Outcome,
    /// What it came to; null if that is not known.
    pub value: Option<f64>,
    /// From what to what it may be, with 95 %; null where it is exact, or not known.
    pub interval: Option<Interval>,
    /// The calls that were counted; absent where it is not about calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Those of them that there may be few of: slow, disk-blocked, or above the limit of a percentile; absent likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits: Option<u64>,
    /// Those that may be such: more than `hits` if not all of it is known; absent likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits_most: Option<u64>,
    /// Why nothing is shown; absent if something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// From what to what a figure may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Interval {
    /// The least.
    pub low: f64,
    /// The most; null if there are too few calls to say.
    pub high: Option<f64>,
}

/// What was found of a service-level objective.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ObjectiveReport {
    /// The name of its SLO, with that of the objective behind it where it has one.
    pub name: String,
    /// The service that it is of, as its file says.
    pub service: String,
    /// Which calls: `sendfile calls`.
    pub of: String,
    /// Which of them are good: `not disk-blocked`.
    pub good_are: String,
    /// The share of them that are to be good.
    pub target: f64,
    /// The time that it is promised for, ns.
    pub window_ns: u64,
    /// Whether the calls that were recorded keep it.
    pub outcome: Outcome,
    /// Calls that surely are good.
    pub good: u64,
    /// All calls.
    pub total: u64,
    /// The share of the calls that was bad; null without calls.
    pub bad_share: Option<f64>,
    /// From what to what that share may be, with 95 %; null likewise.
    pub interval: Option<Interval>,
    /// The same as multiples of what is allowed; absent without calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Burn rates over the last minutes or hours, as far as the recordings cover them; the usual windows of alerts.
    pub burn_rates: Vec<BurnRate>,
    /// Why nothing is shown; absent if something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What calls took of the error budget: the bad calls that are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Budget {
    /// Bad calls as a multiple of those allowed among as many: 1 takes all of the budget in its window, no more.
    pub burn_rate: f64,
    /// From what to what that may be, with 95 %.
    pub burn_rate_interval: Interval,
    /// The time that the recordings cover, ns.
    pub covered_ns: u64,
    /// The share of the window's budget that is used by now, if calls come as often all along.
    pub used: f64,
    /// How long a whole budget lasts at this rate, ns; null if it lasts the window.
    pub exhausted_after_ns: Option<u64>,
}

/// How fast a budget was used in the last part of the recordings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BurnRate {
    /// How long that part is, ns.
    pub window_ns: u64,
    /// Bad calls in it.
    pub bad: u64,
    /// All calls in it.
    pub total: u64,
    /// The burn rate; null without calls.
    pub burn_rate: Option<f64>,
}

impl TargetReport {
    /// What was found of each limit and objective.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        let limits = self.limits.iter().map(|limit| limit.outcome);
        limits.chain(self.objectives.iter().map(|objective| objective.outcome))
    }
}

impl LimitReport {
    /// `sendfile p99`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.of, self.metric)
    }
}

impl CheckReport {
    /// What every kind of job reads. `said` puts a limit, or an objective, into a sentence.
    #[must_use]
    pub fn judged(
        &self,
        limit_said: impl Fn(&LimitReport) -> String,
        objective_said: impl Fn(&ObjectiveReport) -> String,
    ) -> Judged {
        let mut checks = Vec::new();
        for target in &self.targets {
            let named = |name: String| match self.targets.len() {
                1 => name,
                _ => format!("{}: {name}", target.name),
            };
            checks.extend(target.limits.iter().map(|limit| Check {
                name: named(limit.name()),
                outcome: Some(limit.outcome),
                finding: limit_said(limit),
                figure: limit.value.map(|value| Figure {
                    metric: limit.metric.into(),
                    unit: limit.unit,
                    value,
                    interval: limit.interval.and_then(Interval::closed),
                }),
            }));
            checks.extend(target.objectives.iter().map(|objective| Check {
                name: named(objective.name.clone()),
                outcome: Some(objective.outcome),
                finding: objective_said(objective),
                figure: objective.bad_share.map(|value| Figure {
                    metric: "bad calls".into(),
                    unit: "fraction",
                    value,
                    interval: objective.interval.and_then(Interval::closed),
                }),
            }));
        }
        Judged {
            command: "check",
            summary: self.summary.clone(),
            outcome: self.outcome,
            checks,
            warnings: self.targets.iter().flat_map(|target| target.warnings.iter().cloned()).collect(),
        }
    }
}

impl Interval {
    /// Both ends, if both are known.
    #[must_use]
    pub fn closed(self) -> Option<(f64, f64)> {
        Some((self.low, self.high?))
    }
}
