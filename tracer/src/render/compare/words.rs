//! The words that all forms of a comparison share.

use std::collections::BTreeSet;

use crate::{
    gate::{
        compare::{
            comparison::{ComparedMetric, Comparison, Findings, Look},
            metric::Unit,
        },
        outcome::Outcome,
    },
    units::{self, NO_VALUE, counted},
};

/// `sendfile p99`, `event-loop-blocked`
pub fn name(metric: &ComparedMetric) -> String {
    metric.metric.name_of(&metric.of)
}

/// A figure in its unit: `1.1 ms`, `0.03 %`, `350 ns/call`.
pub fn figure(value: f64, unit: Unit) -> String {
    let ns = |value: f64| units::duration(value.round() as u64);
    match unit {
        Unit::Ns => ns(value),
        Unit::Fraction => units::share(value),
        Unit::NsPerCall => format!("{}/call", ns(value)),
        Unit::NsPerSecond => format!("{}/s", ns(value)),
        Unit::PerSecond if value == 0.0 => "0/s".into(),
        Unit::PerSecond => format!("{value:.1}/s"),
    }
}

/// By how much one is above the other: `+1.1 ms`, `-0.03 %`, `0`.
fn change(value: f64, unit: Unit) -> String {
    let sign = match value {
        value if value > 0.0 => "+",
        value if value < 0.0 => "-",
        _ => return "0".into(),
    };
    sign.to_owned() + &figure(value.abs(), unit)
}

/// How many times: `1.24`, `0.98`, `240`; `∞` without end.
fn times(ratio: Option<f64>) -> String {
    match ratio {
        None => "∞".into(),
        Some(ratio) if ratio >= 99.95 => units::count(ratio.round() as u64),
        Some(ratio) if ratio >= 9.995 => format!("{ratio:.1}"),
        Some(ratio) => format!("{ratio:.2}"),
    }
}

/// Whether it is told by how many times, and not by how much: not where half of the old runs have 0.
fn is_in_times(findings: &Findings) -> bool {
    findings.old_median > 0.0
}

/// By how many times or how much the sides differ.
fn effect(findings: &Findings, unit: Unit) -> String {
    match is_in_times(findings) {
        true => format!("× {}", times(findings.ratio)),
        false => change(findings.difference, unit),
    }
}

/// Where that lies with 95 %: `1.18 to 1.31`; `–` if there are too few runs.
fn interval(findings: &Findings, unit: Unit) -> String {
    let ends = match is_in_times(findings) {
        true => findings.ratio_interval.map(|(low, high)| [times(low), times(high)]),
        false => findings.difference_interval.map(|(low, high)| [change(low, unit), change(high, unit)]),
    };
    ends.map_or_else(|| NO_VALUE.into(), |ends| ends.join(" to "))
}

/// `0.0009`, `0.31`; `<0.0001`
fn probability(p: f64) -> String {
    match p {
        p if p < 0.0001 => "<0.0001".into(),
        p if p < 0.01 => format!("{p:.4}"),
        p => format!("{p:.2}"),
    }
}

/// Old, new, change, interval and p, as tables have them.
pub fn cells(metric: &ComparedMetric) -> [String; 5] {
    let Some(findings) = &metric.weighed else { return std::array::from_fn(|_| NO_VALUE.into()) };
    [
        figure(findings.old_median, metric.unit),
        figure(findings.new_median, metric.unit),
        effect(findings, metric.unit),
        interval(findings, metric.unit),
        probability(findings.p_adjusted.unwrap_or(findings.p)),
    ]
}

/// What was found for a metric, in one sentence without its name.
pub fn finding(metric: &ComparedMetric) -> String {
    let Some(findings) = &metric.weighed else {
        return metric.reason.clone().unwrap_or_else(|| "not known of all runs".into());
    };
    let [old, new] = [findings.old_median, findings.new_median].map(|value| figure(value, metric.unit));
    let p = probability(findings.p_adjusted.unwrap_or(findings.p));
    let mut text = format!("{new}, was {old}: {}", effect(findings, metric.unit));
    let interval = interval(findings, metric.unit);
    if interval != NO_VALUE {
        text += &format!(" (95 %: {interval})");
    }
    text += &format!(", p {p}");
    match (&metric.outcome, &metric.reason) {
        (Some(Outcome::Inconclusive), Some(reason)) => format!("{text}; {reason}"),
        _ => text,
    }
}

/// The answer in one sentence.
pub fn summary(comparison: &Comparison) -> String {
    let gating = || comparison.metrics.iter().filter(|metric| metric.gates);
    let named = |outcome: Outcome| {
        let names: Vec<_> = gating().filter(|metric| metric.outcome == Some(outcome)).map(name).collect();
        names.join(", ")
    };
    match comparison.outcome {
        Outcome::Fail => {
            let worst = gating().find(|metric| metric.outcome == Some(Outcome::Fail));
            let others = gating().filter(|metric| metric.outcome == Some(Outcome::Fail)).count().saturating_sub(1);
            let first = worst.map_or_else(String::new, |metric| format!("{} is {}", name(metric), finding(metric)));
            match others {
                0 => format!("worse: {first}"),
                others => format!("worse: {first}; and {}", counted(others as u64, "other metric", "other metrics")),
            }
        }
        Outcome::Pass => {
            format!(
                "no worse by {} or more: {}",
                units::share_setting(comparison.worse_from - 1.0),
                named(Outcome::Pass)
            )
        }
        Outcome::Inconclusive => match comparison.reasons.first() {
            Some(reason) => format!("neither worse nor shown to be no worse: {reason}"),
            None => "neither worse nor shown to be no worse".into(),
        },
    }
}

/// `7 old runs, 7 new`
pub fn sides(comparison: &Comparison) -> String {
    format!("{}, {} new", counted(comparison.old.len() as u64, "old run", "old runs"), comparison.new.len())
}

/// What was compared: `sendfile`, `sendfile + splice`, `event loops`
pub fn of(comparison: &Comparison) -> String {
    let families = comparison.metrics.iter().filter(|metric| !metric.metric.is_of_event_loops());
    let families: BTreeSet<&str> = families.map(|metric| metric.of.as_str()).collect();
    match families.is_empty() {
        true => "event loops".into(),
        false => families.into_iter().collect::<Vec<_>>().join(" + "),
    }
}

/// What came of the looks before all runs were made; `None` if there were none.
pub fn looks(comparison: &Comparison) -> Option<String> {
    let told = |look: &Look| {
        let runs = counted(look.old_runs.min(look.new_runs) as u64, "run a side", "runs a side");
        let found = if look.stopped { "worse already, so no more runs were made" } else { "not worse beyond doubt" };
        format!("looked at after {runs}, at {}: {found}", units::share_setting(look.level))
    };
    let looks: Vec<_> = comparison.looks.iter().map(told).collect();
    (!looks.is_empty()).then(|| looks.join("; "))
}
