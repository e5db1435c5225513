//! The published result of a comparison: the types that JSON is made of.

use schemars::JsonSchema;
use serde::Serialize;

use super::metric::{Metric, Unit};
use crate::{gate::outcome::Outcome, model::Tool};

/// Old runs against new ones.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Comparison {
    /// Version of the contract.
    pub schema_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// The answer.
    pub outcome: Outcome,
    /// Why it is none, in one sentence each.
    pub reasons: Vec<String>,
    /// What should be known before it is believed.
    pub warnings: Vec<String>,
    /// How often this comparison may fail for equals, over all metrics that decide.
    pub level: f64,
    /// From how many times the old figure on the new one is worse.
    pub worse_from: f64,
    /// The looks that were made before all runs were, and what each spent of the level: what is said above of equals holds for
    /// this comparison and all looks together at the sum of their levels.
    pub looks: Vec<Look>,
    /// Share of pairs of an old and a new run in which the old one began first.
    pub old_first: f64,
    /// Chooses the divisions that are drawn, where not all are looked at.
    pub seed: u64,
    /// The old runs, in the order in which they were given.
    pub old: Vec<ComparedRun>,
    /// Likewise.
    pub new: Vec<ComparedRun>,
    /// What was compared, what decides first.
    pub metrics: Vec<ComparedMetric>,
}

/// A look at the runs before all of them were made. It stops for worse alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Look {
    /// Old runs that there were.
    pub old_runs: usize,
    /// Likewise.
    pub new_runs: usize,
    /// How often it may find equals worse.
    pub level: f64,
    /// Whether it found the change worse, so that no more runs were made.
    pub stopped: bool,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ComparedRun {
    /// Its file, as the user wrote it.
    pub file: String,
    /// When its window opened.
    #[schemars(with = "String")]
    pub start: jiff::Timestamp,
    /// How long it was.
    pub duration_ns: u64,
    /// Its host, if it is of one.
    pub hostname: Option<String>,
    /// Its labels.
    pub labels: std::collections::BTreeMap<String, String>,
}

/// A metric of both sides.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ComparedMetric {
    /// The family of the calls, or `event loops`.
    pub of: String,
    /// Which figure.
    pub metric: Metric,
    /// What it is counted in.
    pub unit: Unit,
    /// Whether it decides.
    pub gates: bool,
    /// The figures of the old runs, in their order; null where not known.
    pub old: Vec<Option<f64>>,
    /// Likewise.
    pub new: Vec<Option<f64>>,
    /// What follows from all of them; null where a figure is not known.
    pub weighed: Option<Findings>,
    /// The answer; null if it does not decide.
    pub outcome: Option<Outcome>,
    /// Why it is none.
    pub reason: Option<String>,
}

/// What figures come to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Findings {
    /// The median of the old runs.
    pub old_median: f64,
    /// Likewise.
    pub new_median: f64,
    /// How many times the old figure the new one is (Hodges and Lehmann); null if half of the old runs have 0, or without end.
    pub ratio: Option<f64>,
    /// Where it lies with 95 %, an end without bound null; null altogether if there are too few runs.
    pub ratio_interval: Option<(Option<f64>, Option<f64>)>,
    /// By how much the new figure is above the old one (likewise), in the metric's unit.
    pub difference: f64,
    /// Where that lies with 95 %; null if there are too few runs.
    pub difference_interval: Option<(f64, f64)>,
    /// The least difference that matters.
    pub floor: f64,
    /// How often chance alone would order the runs so (one-sided).
    pub p: f64,
    /// The standard error of that, where divisions were drawn; 0 where all were looked at.
    pub p_error: f64,
    /// Divisions of the runs that were looked at.
    pub divisions: u64,
    /// The same, adjusted for all metrics that decide (Holm); null if it does not decide.
    pub p_adjusted: Option<f64>,
}
