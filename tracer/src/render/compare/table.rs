//! The comparison as people read it on a terminal.

use super::words;
use crate::{
    escape::escape,
    gate::{compare::comparison::Comparison, outcome::Outcome},
    render::{
        Style,
        color::{Paint, Tint},
        columns::{
            Column::{Figure, Name, Word},
            Columns,
        },
        layout::labelled,
        outcome::{answer, tint},
    },
};

/// The comparison: what it is of, a row for each metric, and the answer.
#[must_use]
pub fn table(comparison: &Comparison, style: &Style) -> String {
    let paint = Paint { color: style.color };
    let of = escape(&words::of(comparison));
    let mut out = paint.lines(Tint::Heading, &format!("tracer compare · {of} · {}\n", words::sides(comparison)));
    for warning in &comparison.warnings {
        out += &paint.lines(Tint::Warning, &labelled("warning", &escape(warning), style.width));
    }
    out.push('\n');
    out += &rows(comparison, style, paint);
    out.push('\n');
    out += &answer(comparison.outcome, &escape(&words::summary(comparison)), style);
    for reason in comparison.reasons.iter().skip(usize::from(comparison.outcome == Outcome::Inconclusive)) {
        out += &labelled("why", &escape(reason), style.width);
    }
    if let Some(looks) = words::looks(comparison) {
        out += &labelled("early", &looks, style.width);
    }
    out
}

fn rows(comparison: &Comparison, style: &Style, paint: Paint) -> String {
    let headings = [
        ("metric", Name),
        ("old", Figure),
        ("new", Figure),
        ("change", Figure),
        ("95 % interval", Word),
        ("p", Figure),
        ("result", Word),
    ];
    let mut list = Columns::new(&headings);
    for metric in &comparison.metrics {
        let tint = match metric.outcome {
            // What is as it should be does not call for attention.
            Some(Outcome::Pass) => None,
            Some(outcome) => Some(tint(outcome)),
            None => Some(Tint::Faint),
        };
        let result = metric.outcome.map_or("shown", Outcome::word).to_owned();
        let name = escape(&words::name(metric));
        list.row([name].into_iter().chain(words::cells(metric)).chain([result]).collect::<Vec<_>>(), tint);
    }
    list.render(2, style.width, paint)
}
