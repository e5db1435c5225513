//! The metrics in figures, those that decide first.

use crate::{
    gate::{
        compare::comparison::{ComparedMetric, Comparison},
        outcome::Outcome,
    },
    render::{
        compare::words,
        html::{
            listing::{Cell, Listing, column},
            section::Section,
        },
    },
    units::NO_VALUE,
};

/// What a metric came to: its answer, or that it does not decide.
pub fn result(metric: &ComparedMetric) -> &'static str {
    metric.outcome.map_or("shown", Outcome::word)
}

/// The table.
pub fn section(comparison: &Comparison) -> Section {
    let mut section = Section::new("metrics", "Metrics");
    section.note(
        "Old and new are medians of the runs; the change is the median over all pairs of an old and a new run, with 95 % between \
         the ends of the interval; p is how often chance alone would order the runs so."
            .into(),
    );
    let figure = |index: usize, of: fn(&ComparedMetric) -> Option<f64>| {
        move |metric: &&ComparedMetric| of(metric).map_or(Cell::Unknown, |value| Cell::Real(value, cell(metric, index)))
    };
    let words = |index: usize| {
        move |metric: &&ComparedMetric| match cell(metric, index) {
            text if text == NO_VALUE => Cell::Unknown,
            text => Cell::Text(text),
        }
    };
    let columns = [
        column("metric", "Metric", |metric: &&ComparedMetric| Cell::Text(words::name(metric))),
        column("old", "Old", figure(0, |metric| Some(metric.weighed.as_ref()?.old_median))),
        column("new", "New", figure(1, |metric| Some(metric.weighed.as_ref()?.new_median))),
        column("change", "Change", words(2)),
        column("interval", "95 % interval", words(3)),
        column("p", "p", figure(4, |metric| metric.weighed.as_ref().map(|found| found.p_adjusted.unwrap_or(found.p)))),
        column("result", "Result", |metric: &&ComparedMetric| Cell::Text(result(metric).into())),
        column("reason", "Why", |metric: &&ComparedMetric| match &metric.reason {
            Some(reason) => Cell::Name(reason.clone()),
            None => Cell::Absent,
        }),
    ];
    let rows: Vec<_> = comparison.metrics.iter().collect();
    let listing = Listing { id: "metrics-table", caption: "The metrics", row: ("metric", "metrics"), sorted_by: "" };
    section.add(listing.render(&columns, &rows, |metric| metric.outcome == Some(Outcome::Fail)));
    section
}

/// What the other forms say there.
fn cell(metric: &ComparedMetric, index: usize) -> String {
    words::cells(metric)[index].clone()
}
