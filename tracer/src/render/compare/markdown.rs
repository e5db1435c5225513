//! The comparison as a comment on a change: the answer and what decides, all else folded.

use super::words;
use crate::{
    gate::{
        compare::comparison::{ComparedMetric, ComparedRun, Comparison},
        outcome::Outcome,
    },
    render::markdown::{
        page::Page,
        text::{code, plain},
    },
    units,
};

/// The comparison, fit for a comment on a change.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    let sign = match comparison.outcome {
        Outcome::Pass => "✅ Pass",
        Outcome::Fail => "❌ Fail",
        Outcome::Inconclusive => "❔ Inconclusive",
    };
    let mut answer = format!("### {sign}: tracer compare\n\n{}.\n\n", plain(&words::summary(comparison)));
    for warning in &comparison.warnings {
        answer += &format!("> ⚠️ {}.\n\n", plain(warning));
    }
    let (gating, shown): (Vec<_>, Vec<_>) = comparison.metrics.iter().partition(|metric| metric.gates);
    let mut page = Page::new(answer + &table(&gating));
    page.add("all metrics and runs", &details(comparison, &shown));
    page.finish()
}

fn details(comparison: &Comparison, shown: &[&ComparedMetric]) -> String {
    let mut out = String::from("\n<details><summary>All metrics and runs</summary>\n\n");
    out += &table(shown);
    for reason in &comparison.reasons {
        out += &format!("\n- {}\n", plain(reason));
    }
    if let Some(looks) = words::looks(comparison) {
        out += &format!("\n- {}\n", plain(&looks));
    }
    out += "\n| side | run | from (UTC) | window |\n|---|---|---|---:|\n";
    for (side, runs) in [("old", &comparison.old), ("new", &comparison.new)] {
        runs.iter().for_each(|run| out += &row_of_run(side, run));
    }
    out + &format!(
        "\nOld and new are medians of {}; the change is the median over all pairs of runs, with 95 % between the two ends; \
         p is one-sided, by a permutation test of the runs, adjusted for all metrics that decide.\n\n</details>\n",
        words::sides(comparison)
    )
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
    let cells = [words::name(metric)].into_iter().chain(words::cells(metric)).map(|cell| plain(&cell));
    format!("| {} | {outcome} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn row_of_run(side: &str, run: &ComparedRun) -> String {
    let from = run.start.strftime("%Y-%m-%d %H:%M:%S");
    format!("| {side} | {} | {from} | {} |\n", code(&run.file), units::duration(run.duration_ns))
}
