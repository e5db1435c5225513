//! From runs to the answer.

use super::{
    comparable::{self, Refusal},
    comparison::{ComparedMetric, ComparedRun, Comparison, Findings},
    decision::{self, Doubt, Rule, Weighed},
    figures::{Run, Subject},
    hodges_lehmann::{Estimate, median},
    holm,
    metric::Metric,
    order,
};
use crate::{
    gate::outcome::Outcome,
    model::{Recording, SCHEMA_VERSION, Tool},
    units,
};

/// How to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The metrics that decide; `None`: the usual ones.
    pub gates: Option<Vec<Metric>>,
    /// What counts as worse.
    pub rule: Rule,
    /// Least differences that matter, where the user sets them, in the units of the metrics.
    pub floors: Vec<(Metric, f64)>,
    /// Whether the runs may be taken as exchangeable although they were not made in turn.
    pub assume_exchangeable: bool,
    /// Chooses the divisions of the runs that are drawn, where there are too many to look at all.
    pub seed: u64,
}

impl Options {
    fn gates(&self, subject: &Subject, metric: Metric, alone: bool) -> bool {
        match &self.gates {
            Some(gates) => gates.contains(&metric),
            // Where no calls were traced, event loops are all there is.
            None if alone => *subject == Subject::EventLoops && metric == Metric::EventLoopBlocked,
            None => Metric::GATING.contains(&metric),
        }
    }

    fn floor(&self, metric: Metric) -> f64 {
        let set = self.floors.iter().rev().find(|(of, _)| *of == metric);
        set.map_or_else(|| metric.floor(), |&(_, floor)| floor)
    }
}

/// Compares runs. Both sides have at least one.
///
/// # Errors
/// If they cannot be compared.
pub fn compare(old: &[Run<'_>], new: &[Run<'_>], options: &Options) -> Result<Comparison, Refusal> {
    comparable::check(old, new)?;
    let Some(first) = old.first().filter(|_| !new.is_empty()) else {
        return Err(Refusal("a side has no runs".into()));
    };
    let subjects = subjects(first.recording, old, new);
    let mut metrics: Vec<_> = subjects
        .iter()
        .flat_map(|subject| subject.metrics().iter().map(move |&metric| (subject, metric)))
        .map(|(subject, metric)| {
            let gates = options.gates(subject, metric, subjects.len() == 1);
            Compared { gates, ..Compared::of(subject, metric, old, new, options) }
        })
        .collect();
    // What decides first; the order of all others stays.
    metrics.sort_by_key(|compared| !compared.gates);
    let mut warnings = comparable::warnings(old, new);
    let starts = |side: &[Run<'_>]| side.iter().map(|run| run.recording.window.start).collect::<Vec<_>>();
    let (old_starts, new_starts) = (starts(old), starts(new));
    let one_a_side = old.len() == 1 || new.len() == 1;
    let in_turn = order::is_in_turn(&old_starts, &new_starts);
    let mut reasons = Vec::new();
    if one_a_side {
        reasons.push(
            "one run a side shows a difference, not whether chance alone would make it: make at least four of each"
                .into(),
        );
    } else if !in_turn && !options.assume_exchangeable {
        reasons.push(
            "the runs were not made in turn, so whatever changed meanwhile would look like the change: make old and new ones \
             alternately, or say that it does not matter with --assume-exchangeable"
                .into(),
        );
    } else if !in_turn {
        warnings.push("the runs were not made in turn, and were taken as exchangeable all the same".into());
    }
    let can_decide = reasons.is_empty();
    decide_all(&mut metrics, options, can_decide, reasons.first());
    let gating = metrics.iter().filter(|compared| compared.gates);
    if !metrics.iter().any(|compared| compared.gates) {
        reasons.push("none of the metrics that were to decide was measured".into());
    }
    let outcome = Outcome::of_all(gating.filter_map(|compared| compared.outcome));
    if can_decide {
        reasons.extend(doubts(&metrics));
    }
    let old_first = order::old_first(&old_starts, &new_starts);
    Ok(Comparison {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        outcome,
        reasons,
        warnings,
        level: options.rule.level,
        worse_from: options.rule.worse_from,
        old_first,
        seed: options.seed,
        old: old.iter().map(ComparedRun::of).collect(),
        new: new.iter().map(ComparedRun::of).collect(),
        metrics: metrics.into_iter().map(Compared::published).collect(),
    })
}

/// What there is to compare: not the families that made no call in any run, unless none did. What was measured beside
/// them brings their rows along.
fn subjects(recording: &Recording, old: &[Run<'_>], new: &[Run<'_>]) -> Vec<Subject> {
    let has_calls = |subject: &Subject| {
        let mut calls = old.iter().chain(new).filter_map(|run| subject.calls(run.recording));
        calls.any(|calls| calls > 0)
    };
    let all = Subject::all(recording);
    match all.iter().any(has_calls) {
        true => all.into_iter().filter(|subject| *subject == Subject::EventLoops || has_calls(subject)).collect(),
        false => all,
    }
}

/// A metric on its way to the answer.
struct Compared {
    of: String,
    metric: Metric,
    gates: bool,
    old: Vec<Option<f64>>,
    new: Vec<Option<f64>>,
    new_calls: Option<u64>,
    floor: f64,
    weighed: Option<Weighed>,
    unknown: Option<String>,
    p_adjusted: Option<f64>,
    outcome: Option<Outcome>,
    reason: Option<String>,
}

impl Compared {
    fn of(subject: &Subject, metric: Metric, old: &[Run<'_>], new: &[Run<'_>], options: &Options) -> Self {
        let figures =
            |side: &[Run<'_>]| side.iter().map(|run| subject.figure(metric, run.recording)).collect::<Vec<_>>();
        let (old_figures, new_figures) = (figures(old), figures(new));
        let known = |figures: &[Option<f64>]| figures.iter().copied().collect::<Option<Vec<_>>>();
        let weighed = known(&old_figures).zip(known(&new_figures));
        let unknown =
            old.iter().chain(new).zip(old_figures.iter().chain(&new_figures)).find(|(_, figure)| figure.is_none());
        let why = |run: &Run<'_>| match subject.calls(run.recording) {
            Some(0) => format!("{} has no {} calls", run.name, subject.name()),
            _ => format!("{} does not have it", run.name),
        };
        Self {
            of: subject.name().to_owned(),
            metric,
            gates: false,
            new_calls: new.iter().map(|run| subject.calls(run.recording)).sum(),
            floor: options.floor(metric),
            weighed: weighed.map(|(old, new)| Weighed::of(old, new, options.seed)),
            unknown: unknown.map(|(run, _)| why(run)),
            old: old_figures,
            new: new_figures,
            p_adjusted: None,
            outcome: None,
            reason: None,
        }
    }

    fn name(&self) -> String {
        match self.metric.is_of_event_loops() {
            true => self.metric.name().to_owned(),
            false => format!("{} {}", self.of, self.metric.name()),
        }
    }

    fn published(self) -> ComparedMetric {
        let finite = |value: f64| value.is_finite().then_some(value);
        let weighed = self.weighed.map(|weighed| Findings {
            old_median: median(&weighed.old),
            new_median: median(&weighed.new),
            ratio: weighed.ratio.and_then(|ratio| finite(ratio.value)),
            ratio_interval: weighed
                .ratio
                .and_then(|Estimate { interval, .. }| interval)
                .map(|(low, high)| (finite(low), finite(high))),
            difference: weighed.difference.value,
            difference_interval: weighed.difference.interval,
            floor: self.floor,
            p: weighed.permutation.p,
            p_error: weighed.permutation.p_error,
            divisions: weighed.permutation.divisions,
            p_adjusted: self.p_adjusted,
        });
        ComparedMetric {
            of: self.of,
            unit: self.metric.unit(),
            metric: self.metric,
            gates: self.gates,
            old: self.old,
            new: self.new,
            weighed,
            outcome: self.outcome,
            reason: self.reason,
        }
    }
}

impl ComparedRun {
    fn of(run: &Run<'_>) -> Self {
        let recording = run.recording;
        Self {
            file: run.name.to_owned(),
            start: recording.window.start,
            duration_ns: recording.window.duration_ns,
            hostname: match recording.hosts.as_slice() {
                [host] => Some(host.hostname.clone()),
                _ => None,
            },
            labels: recording.labels.clone(),
        }
    }
}

/// Why metrics are inconclusive, each reason once with all that it holds for.
fn doubts(metrics: &[Compared]) -> Vec<String> {
    let mut doubts: Vec<(&str, Vec<String>)> = Vec::new();
    for compared in metrics.iter().filter(|compared| compared.outcome == Some(Outcome::Inconclusive)) {
        let Some(reason) = compared.reason.as_deref() else { continue };
        match doubts.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, names)) => names.push(compared.name()),
            None => doubts.push((reason, vec![compared.name()])),
        }
    }
    doubts.into_iter().map(|(reason, names)| format!("{}: {reason}", names.join(", "))).collect()
}

/// Fills in what follows for each metric that decides.
fn decide_all(metrics: &mut [Compared], options: &Options, can_decide: bool, why_not: Option<&String>) {
    let tested: Vec<usize> =
        (0..metrics.len()).filter(|&place| metrics[place].gates && metrics[place].weighed.is_some()).collect();
    let p = |place: &usize| metrics[*place].weighed.as_ref().map_or(1.0, |weighed| weighed.permutation.p);
    let adjusted = holm::adjusted(&tested.iter().map(p).collect::<Vec<_>>());
    for (&place, p) in tested.iter().zip(adjusted) {
        metrics[place].p_adjusted = Some(p);
    }
    for compared in metrics.iter_mut().filter(|compared| compared.gates) {
        let (outcome, reason) = match (&compared.weighed, compared.p_adjusted) {
            _ if !can_decide => (Outcome::Inconclusive, why_not.cloned()),
            (Some(weighed), Some(p)) => {
                let calls = compared.new_calls;
                let tests = tested.len();
                let (outcome, doubt) =
                    decision::decide(weighed, compared.metric, p, tests, compared.floor, calls, &options.rule);
                (outcome, doubt.map(|doubt| said(doubt, weighed, &options.rule)))
            }
            _ => (Outcome::Inconclusive, compared.unknown.clone()),
        };
        (compared.outcome, compared.reason) = (Some(outcome), reason);
    }
}

/// Why a metric is inconclusive, and what would settle it, in one sentence.
fn said(doubt: Doubt, weighed: &Weighed, rule: &Rule) -> String {
    let percent = |times: f64| units::share(times - 1.0);
    let have = weighed.old.len().min(weighed.new.len());
    match doubt {
        Doubt::TooFewRuns(least) => {
            let runs = match (weighed.old.len(), weighed.new.len()) {
                (old, new) if old == new => format!("{old} runs a side"),
                (old, new) => format!("{old} old and {new} new runs"),
            };
            format!("with {runs} chance alone could make any difference: {least} runs a side are the least")
        }
        Doubt::TooFewCalls(calls) => format!(
            "nothing in any run, but so few calls would not show a share that matters: {} calls in all new runs would",
            units::count(calls)
        ),
        Doubt::Outliers => {
            "most runs are alike, but single new ones stand far out: look at these, or make more runs".into()
        }
        Doubt::Noise(runs) => {
            let change = percent(rule.worse_from);
            let twice = percent(2.0 * rule.worse_from - 1.0);
            let noise = match runs {
                Some(runs) => {
                    let more = units::counted((runs - have) as u64, "more run", "more runs");
                    format!("{more} a side would be enough for a change of {twice} at this noise")
                }
                None => "no reasonable number of runs would be enough at this noise: make them longer, or the machine quieter".into(),
            };
            format!("a change of {change} is neither shown nor ruled out: {noise}")
        }
    }
}
