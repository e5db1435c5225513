//! A summary for a pull-request comment: the answer as a sentence, what did not pass and why, all of it folded away.

use super::words;
use crate::{
    gate::{
        check::{CheckReport, report::TargetReport},
        outcome::Outcome,
    },
    render::markdown::{
        page::Page,
        tables::Table,
        text::{code, plain},
    },
    units::{NO_VALUE, count, counted, duration, setting},
};

/// The report as GitHub's Markdown, at most 65,536 bytes.
#[must_use]
pub fn markdown(report: &CheckReport) -> String {
    let answer = format!("### tracer check: **{}**: {}\n\n", report.outcome.word(), plain(&report.summary));
    let mut page = Page::new(answer);
    for target in &report.targets {
        let name = code(&target.name);
        page.add(&format!("what was measured of {name}"), &measured(target));
        page.add(&format!("what did not pass of {name}"), &not_passed(target));
        page.add(&format!("all checks of {name}"), &all(target));
    }
    page.finish()
}

fn measured(target: &TargetReport) -> String {
    let runs = if target.runs > 1 { format!(" in {}", counted(target.runs, "run", "runs")) } else { String::new() };
    let (measured, threshold) = (duration(target.measured_ns), setting(target.threshold_ns));
    let mut out = format!("{} · {measured}{runs} · threshold {threshold}\n\n", code(&target.name));
    for warning in &target.warnings {
        out += &format!("**note** {}\n\n", plain(warning));
    }
    out
}

/// A line for each check that did not pass, those that failed first.
fn not_passed(target: &TargetReport) -> String {
    let limits = target.limits.iter().map(|limit| (limit.outcome, limit.name(), words::limit_said(limit)));
    let objectives = target
        .objectives
        .iter()
        .map(|objective| (objective.outcome, objective.name.clone(), words::objective_said(objective)));
    let mut rows: Vec<_> = limits.chain(objectives).filter(|(outcome, ..)| *outcome != Outcome::Pass).collect();
    rows.sort_by_key(|&(outcome, ..)| std::cmp::Reverse(outcome));
    let rows = rows
        .into_iter()
        .map(|(outcome, name, said)| format!("- **{}** {}: {}\n", outcome.word(), code(&name), plain(&said)));
    let rows: String = rows.collect();
    if rows.is_empty() { rows } else { rows + "\n" }
}

fn all(target: &TargetReport) -> String {
    let mut out = String::new();
    if !target.limits.is_empty() {
        let mut table = Table::new(&["limit", "result"], &["found", "95 % interval", "allowed", "calls"]);
        for limit in &target.limits {
            let calls = limit.calls.map_or_else(|| NO_VALUE.into(), count);
            let figures = [words::value(limit), words::interval(limit), words::allowed(limit), calls];
            let words = [code(&limit.name()), limit.outcome.word().into()];
            table.row(&words.into_iter().chain(figures.iter().map(|figure| plain(figure))).collect::<Vec<_>>());
        }
        out += &table.finish();
    }
    if !target.objectives.is_empty() {
        let mut table = Table::new(&["objective", "result", "of", "good", "budget"], &[]);
        for objective in &target.objectives {
            let budget = words::budget(objective).unwrap_or_else(|| NO_VALUE.into());
            let words = [words::objective_of(objective), words::good(objective), budget];
            let name = [code(&objective.name), objective.outcome.word().into()];
            table.row(&name.into_iter().chain(words.iter().map(|text| plain(text))).collect::<Vec<_>>());
        }
        out += &table.finish();
    }
    let number = counted((target.limits.len() + target.objectives.len()) as u64, "check", "checks");
    format!("<details><summary>{number}</summary>\n\n{out}</details>\n\n")
}
