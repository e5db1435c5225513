//! The comparison as a comment on a change: the answer and what decides, all else folded.

use super::words;
use crate::{
    gate::{
        compare::comparison::{ComparedMetric, ComparedRun, Comparison},
        outcome::Outcome,
    },
    render::markdown::{code, plain},
    units::{self, NO_VALUE},
};

/// The comparison, fit for a comment on a change.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    let sign = match comparison.outcome {
        Outcome::Pass => "✅ Pass",
        Outcome::Fail => "❌ Fail",
        Outcome::Inconclusive => "❔ Inconclusive",
    };
    let mut out = format!("### {sign}: tracer compare\n\n{}.\n\n", plain(&words::summary(comparison)));
    for warning in &comparison.warnings {
        out += &format!("> ⚠️ {}.\n\n", plain(warning));
    }
    let (gating, shown): (Vec<_>, Vec<_>) = comparison.metrics.iter().partition(|metric| metric.gates);
    out += &table(&gating);
    out += "\n<details><summary>All metrics and runs</summary>\n\n";
    out += &table(&shown);
    for reason in &comparison.reasons {
        out += &format!("\n- {}\n", plain(reason));
    }
    out += "\n| side | run | from (UTC) | window |\n|---|---|---|---:|\n";
    for (side, runs) in [("old", &comparison.old), ("new", &comparison.new)] {
        runs.iter().for_each(|run| out += &row_of_run(side, run));
    }
    out += &format!(
        "\nOld and new are medians of {}; the change is the median over all pairs of runs, with 95 % between the two ends; \
         p is one-sided, by a permutation test of the runs, adjusted for all metrics that decide.\n\n</details>\n",
        words::sides(comparison)
    );
    out
}

fn table(metrics: &[&ComparedMetric]) -> String {
    let mut out = String::from("| metric | old | new | change | 95 % | p | |\n|---|---:|---:|---:|---|---:|---|\n");
    metrics.iter().for_each(|metric| out += &row(metric));
    out
}

fn row(metric: &ComparedMetric) -> String {
    let outcome = metric.outcome.map_or("", |outcome| match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "**fail**",
        Outcome::Inconclusive => "inconclusive",
    });
    let name = plain(&words::name(metric));
    let Some(findings) = &metric.weighed else {
        return format!("| {name} | {NO_VALUE} | {NO_VALUE} | {NO_VALUE} | {NO_VALUE} | {NO_VALUE} | {outcome} |\n");
    };
    format!(
        "| {name} | {} | {} | {} | {} | {} | {outcome} |\n",
        words::figure(findings.old_median, metric.unit),
        words::figure(findings.new_median, metric.unit),
        words::effect(findings, metric.unit),
        words::interval(findings, metric.unit),
        plain(&words::probability(findings.p_adjusted.unwrap_or(findings.p))),
    )
}

fn row_of_run(side: &str, run: &ComparedRun) -> String {
    let from = run.start.strftime("%Y-%m-%d %H:%M:%S");
    format!("| {side} | {} | {from} | {} |\n", code(&run.file), units::duration(run.duration_ns))
}
