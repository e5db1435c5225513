//! The answer that people read.

use super::words;
use crate::{
    escape::escape,
    gate::check::{
        CheckReport,
        report::{LimitReport, ObjectiveReport, TargetReport},
    },
    render::{
        Style,
        color::{Paint, Tint},
        columns::{
            Column::{Figure, Name, Word},
            Columns,
        },
        layout::{labelled, labelled_items},
        outcome::{answer, tint},
    },
    units::{NO_VALUE, count, counted, duration, setting},
};

/// The report, laid out.
#[must_use]
pub fn table(report: &CheckReport, style: &Style) -> String {
    let paint = Paint { color: style.color };
    let targets = report.targets.iter().map(|target| of_target(target, style, paint) + "\n");
    targets.collect::<String>() + &answer(report.outcome, &report.summary, style)
}

fn of_target(target: &TargetReport, style: &Style, paint: Paint) -> String {
    let runs = if target.runs > 1 { format!(" in {}", counted(target.runs, "run", "runs")) } else { String::new() };
    let measured = format!("{}{runs}", duration(target.measured_ns));
    let threshold = format!("threshold {}", setting(target.threshold_ns));
    let heading = ["tracer check", &escape(&target.name), &measured, &threshold].join(" · ");
    let mut out = paint.lines(Tint::Heading, &(heading + "\n"));
    for warning in &target.warnings {
        out += &paint.lines(Tint::Warning, &labelled("note", warning, style.width));
    }
    out += "\n";
    if !target.limits.is_empty() {
        out += &limits(&target.limits, style, paint);
    }
    for objective in &target.objectives {
        if !out.ends_with("\n\n") {
            out.push('\n');
        }
        out += &self::objective(objective, style, paint);
    }
    out
}

fn limits(limits: &[LimitReport], style: &Style, paint: Paint) -> String {
    let headings = [
        ("limit", Name),
        ("found", Figure),
        ("95 % interval", Figure),
        ("allowed", Figure),
        ("calls", Figure),
        ("result", Word),
    ];
    let mut list = Columns::new(&headings);
    for limit in limits {
        let calls = limit.calls.map_or_else(|| NO_VALUE.into(), count);
        let figures = [words::value(limit), words::interval(limit), words::allowed(limit), calls];
        let cells = [limit.name()].into_iter().chain(figures).chain([limit.outcome.word().into()]);
        list.row(cells.collect::<Vec<_>>(), Some(tint(limit.outcome)));
    }
    let mut out = list.render(2, style.width, paint);
    let open: Vec<_> = limits.iter().filter_map(|limit| Some((limit.name(), limit.why.as_ref()?))).collect();
    if !open.is_empty() {
        out.push('\n');
    }
    for (place, (name, why)) in open.into_iter().enumerate() {
        out += &labelled(if place == 0 { "why" } else { "" }, &format!("{name}: {why}"), style.width);
    }
    out
}

fn objective(objective: &ObjectiveReport, style: &Style, paint: Paint) -> String {
    let columns = style.width;
    let word = objective.outcome.word();
    let about = format!("{}: {word}: {}", objective.name, words::objective_of(objective));
    let mut out = paint.lines(tint(objective.outcome), &labelled("slo", &about, columns));
    out += &labelled("good", &words::good(objective), columns);
    if let Some(budget) = words::budget(objective) {
        out += &labelled("budget", &budget, columns);
    }
    let rates = words::burn_rates(objective);
    if !rates.is_empty() {
        out += &labelled_items("rates", &rates, columns);
    }
    if let Some(why) = &objective.why {
        out += &labelled("why", why, columns);
    }
    out
}
