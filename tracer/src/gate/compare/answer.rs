//! From runs to the answer.

use super::{
    comparable::{self, Refusal},
    comparison::{ComparedMetric, ComparedRun, Comparison, Findings},
    decision::{self, Doubt, Rule, Weighed},
    figures::{Measured, Run, Subject},
    hodges_lehmann::median,
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
    let mut metrics: Vec<_> =
        subjects.iter().flat_map(|subject| Compared::all(subject, old, new, subjects.len() == 1, options)).collect();
    // What decides first; the order of all others stays.
    metrics.sort_by_key(|compared| !compared.row.gates);
    let mut warnings = comparable::warnings(old, new);
    let starts = |side: &[Run<'_>]| side.iter().map(|run| run.recording.window.start).collect::<Vec<_>>();
    let old_first = order::old_first(&starts(old), &starts(new));
    let in_turn = order::is_in_turn(old_first);
    let why_not = if old.len() == 1 || new.len() == 1 {
        Some("one run a side shows a difference, not whether chance alone would make it: make at least four of each")
    } else if !in_turn && !options.assume_exchangeable {
        Some(
            "the runs were not made in turn, so whatever changed meanwhile would look like the change: make old and new ones \
             alternately, or say that it does not matter with --assume-exchangeable",
        )
    } else {
        None
    };
    if why_not.is_none() && !in_turn {
        warnings.push("the runs were not made in turn, and were taken as exchangeable all the same".into());
    }
    decide_all(&mut metrics, why_not, &options.rule);
    let mut reasons: Vec<String> = why_not.map(Into::into).into_iter().collect();
    if !metrics.iter().any(|compared| compared.row.gates) {
        reasons.push("none of the metrics that were to decide was measured".into());
    }
    if why_not.is_none() {
        reasons.extend(doubts(&metrics));
    }
    Ok(Comparison {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        outcome: Outcome::of_all(metrics.iter().filter_map(|compared| compared.row.outcome)),
        reasons,
        warnings,
        level: options.rule.level,
        worse_from: options.rule.worse_from,
        looks: Vec::new(),
        old_first,
        seed: options.seed,
        old: old.iter().map(ComparedRun::of).collect(),
        new: new.iter().map(ComparedRun::of).collect(),
        metrics: metrics.into_iter().map(|compared| compared.row).collect(),
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
    /// What is published of it.
    row: ComparedMetric,
    weighed: Option<Weighed>,
    /// Why it is not, if so.
    unknown: Option<String>,
    new_calls: Option<u64>,
    floor: f64,
}

impl Compared {
    /// The metrics of `subject`, which is `alone` if there is nothing else.
    fn all(subject: &Subject, old: &[Run<'_>], new: &[Run<'_>], alone: bool, options: &Options) -> Vec<Self> {
        let [old_runs, new_runs] =
            [old, new].map(|side| side.iter().map(|run| subject.measured(run.recording)).collect::<Vec<_>>());
        let new_calls = new.iter().map(|run| subject.calls(run.recording)).sum();
        let of_metric = |&metric: &Metric| {
            let figures = |runs: &[Measured<'_>]| runs.iter().map(|run| run.figure(metric)).collect::<Vec<_>>();
            let (old_figures, new_figures) = (figures(&old_runs), figures(&new_runs));
            let mut runs = old.iter().chain(new).zip(old_figures.iter().chain(&new_figures));
            let unknown =
                runs.find(|(_, figure)| figure.is_none()).map(|(run, _)| match subject.calls(run.recording) {
                    Some(0) => format!("{} has no {} calls", run.name, subject.name()),
                    _ => format!("{} does not have it", run.name),
                });
            let known = |figures: &[Option<f64>]| figures.iter().copied().collect::<Option<Vec<_>>>();
            let weighed =
                known(&old_figures).zip(known(&new_figures)).map(|(old, new)| Weighed::of(old, new, options.seed));
            let floor = options.floor(metric);
            let row = ComparedMetric {
                of: subject.name().to_owned(),
                unit: metric.unit(),
                metric,
                gates: options.gates(subject, metric, alone),
                old: old_figures,
                new: new_figures,
                weighed: weighed.as_ref().map(|weighed| Findings::of(weighed, floor)),
                outcome: None,
                reason: None,
            };
            Self { row, weighed, unknown, new_calls, floor }
        };
        subject.metrics().iter().map(of_metric).collect()
    }
}

impl Findings {
    fn of(weighed: &Weighed, floor: f64) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        let Weighed { old, new, ratio, difference, permutation } = weighed;
        Self {
            old_median: median(old),
            new_median: median(new),
            ratio: ratio.and_then(|ratio| finite(ratio.value)),
            ratio_interval: ratio.and_then(|ratio| ratio.interval).map(|(low, high)| (finite(low), finite(high))),
            difference: difference.value,
            difference_interval: difference.interval,
            floor,
            p: permutation.p,
            p_error: permutation.p_error,
            divisions: permutation.divisions,
            p_adjusted: None,
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
    for row in metrics.iter().map(|compared| &compared.row) {
        let Some(reason) = row.reason.as_deref() else { continue };
        let name = row.metric.name_of(&row.of);
        match doubts.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, names)) => names.push(name),
            None => doubts.push((reason, vec![name])),
        }
    }
    doubts.into_iter().map(|(reason, names)| format!("{}: {reason}", names.join(", "))).collect()
}

/// Fills in what follows for each metric that decides; nothing does if there is a reason `why_not`.
fn decide_all(metrics: &mut [Compared], why_not: Option<&str>, rule: &Rule) {
    let mut deciding: Vec<_> = metrics.iter_mut().filter(|compared| compared.row.gates).collect();
    let p: Vec<f64> = deciding.iter().filter_map(|compared| Some(compared.weighed.as_ref()?.permutation.p)).collect();
    let mut adjusted = holm::adjusted(&p).into_iter();
    for Compared { row, weighed, unknown, new_calls, floor } in &mut deciding {
        let (mut outcome, mut reason) = (Outcome::Inconclusive, unknown.take());
        if let (Some(weighed), Some(findings)) = (weighed, &mut row.weighed) {
            let p_adjusted = adjusted.next().expect("one for each that was weighed");
            findings.p_adjusted = Some(p_adjusted);
            let (decided, doubt) = decision::decide(weighed, row.metric, p_adjusted, p.len(), *floor, *new_calls, rule);
            (outcome, reason) = (decided, doubt.map(|doubt| said(doubt, weighed, rule)));
        }
        if let Some(why_not) = why_not {
            (outcome, reason) = (Outcome::Inconclusive, Some(why_not.to_owned()));
        }
        (row.outcome, row.reason) = (Some(outcome), reason);
    }
}

/// Why a metric is inconclusive, and what would settle it, in one sentence.
fn said(doubt: Doubt, weighed: &Weighed, rule: &Rule) -> String {
    let percent = |times: f64| units::share(times - 1.0);
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
                    let more = units::counted((runs - weighed.runs()) as u64, "more run", "more runs");
                    format!("{more} a side would be enough for a change of {twice} at this noise")
                }
                None => "no reasonable number of runs would be enough at this noise: make them longer, or the machine quieter".into(),
            };
            format!("a change of {change} is neither shown nor ruled out: {noise}")
        }
    }
}
