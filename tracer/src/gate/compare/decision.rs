//! What follows from the figures of a metric.

use super::{
    hodges_lehmann::{self, Estimate, median},
    metric::{Metric, Unit},
    needed,
    permutation::{self, Permutation},
};
use crate::gate::{outcome::Outcome, wilson::trials_to_tell};

/// What counts as worse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// How often a comparison of equals may fail, over all metrics together.
    pub level: f64,
    /// From how many times the old figure on the new one is worse: 1.1.
    pub worse_from: f64,
}

impl Default for Rule {
    fn default() -> Self {
        Self { level: 0.05, worse_from: 1.1 }
    }
}

/// The figures of a metric, weighed.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// The figures of the runs.
    pub old: Vec<f64>,
    /// Likewise.
    pub new: Vec<f64>,
    /// How many times the old figure the new one is; `None` where half of the old runs have 0.
    pub ratio: Option<Estimate>,
    /// By how much it is above.
    pub difference: Estimate,
    /// Whether that may be chance.
    pub permutation: Permutation,
}

impl Weighed {
    /// Weighs the figures of both sides.
    ///
    /// # Panics
    /// If a side is empty, or a figure not finite.
    #[must_use]
    pub fn of(old: Vec<f64>, new: Vec<f64>, seed: u64) -> Self {
        let ratio = (median(&old) > 0.0).then(|| hodges_lehmann::ratio(&old, &new));
        let difference = hodges_lehmann::difference(&old, &new);
        let permutation = permutation::test(&old, &new, seed);
        Self { old, new, ratio, difference, permutation }
    }

    /// Runs of the smaller side.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.old.len().min(self.new.len())
    }
}

/// Why a metric is inconclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Doubt {
    /// So few runs that chance alone would order them so too often; how many are needed a side.
    TooFewRuns(usize),
    /// Nothing happened in any run, and so few calls would not have shown a share that matters; how many would.
    TooFewCalls(u64),
    /// The middle of the runs shows nothing that matters, single runs do.
    Outliers,
    /// A change that matters is neither shown nor ruled out. How many runs a side would do, if a reasonable number.
    Noise(Option<usize>),
}

/// What follows for one metric that counts: `p` is that of its test, adjusted for all `tests` that are made; `floor` the
/// difference that matters at all; `new_calls` those of all new runs, where the metric is a share of them.
#[must_use]
pub fn decide(
    weighed: &Weighed,
    metric: Metric,
    p: f64,
    tests: usize,
    floor: f64,
    new_calls: Option<u64>,
    rule: &Rule,
) -> (Outcome, Option<Doubt>) {
    let is_worse =
        weighed.ratio.is_none_or(|ratio| ratio.value >= rule.worse_from) && weighed.difference.value >= floor;
    if p <= rule.level && is_worse {
        return (Outcome::Fail, None);
    }
    let inconclusive = |doubt| (Outcome::Inconclusive, Some(doubt));
    if weighed.permutation.least_p * tests as f64 > rule.level {
        return inconclusive(Doubt::TooFewRuns(needed::least_runs(rule.level, tests)));
    }
    let ends_below = |estimate: Estimate, most: f64| estimate.interval.is_some_and(|(_, high)| high < most);
    let is_within =
        weighed.ratio.is_some_and(|ratio| ends_below(ratio, rule.worse_from)) || ends_below(weighed.difference, floor);
    if !is_within {
        return inconclusive(Doubt::Noise(runs_needed(weighed, tests, floor, rule)));
    }
    let [old, new] = [&weighed.old, &weighed.new].map(|side| side.iter().sum::<f64>() / side.len() as f64);
    if new > (rule.worse_from * old).max(old + floor) {
        return inconclusive(Doubt::Outliers);
    }
    // So many calls without one that counts rule such a share out.
    let calls = trials_to_tell(0.0, floor).ceil() as u64;
    if metric.unit() == Unit::Fraction && new == 0.0 && old == 0.0 && new_calls.is_some_and(|have| have < calls) {
        return inconclusive(Doubt::TooFewCalls(calls));
    }
    (Outcome::Pass, None)
}

/// Runs a side that would be enough for a change twice as large as the least that counts.
fn runs_needed(weighed: &Weighed, tests: usize, floor: f64, rule: &Rule) -> Option<usize> {
    let positive = weighed.old.iter().chain(&weighed.new).all(|&figure| figure > 0.0);
    let runs = if positive {
        let [old, new] =
            [&weighed.old, &weighed.new].map(|side| side.iter().map(|figure| figure.ln()).collect::<Vec<_>>());
        let change = (2.0 * rule.worse_from - 1.0).ln();
        needed::runs(needed::noise(&old, &new), change, rule.worse_from.ln(), rule.level, tests)
    } else {
        let allowed = floor.max((rule.worse_from - 1.0) * median(&weighed.old));
        needed::runs(needed::noise(&weighed.old, &weighed.new), 2.0 * allowed, allowed, rule.level, tests)
    };
    // As many as there are were not enough, so chance was against them.
    runs.map(|runs| runs.max(weighed.runs() + 1)).filter(|&runs| runs <= needed::MOST_RUNS)
}
