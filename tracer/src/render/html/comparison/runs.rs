//! The runs: each one's figures as points and in a table.

use super::metrics::result;
use crate::{
    gate::compare::comparison::{ComparedMetric, ComparedRun, Comparison},
    render::{
        compare::words,
        html::{
            charts::{
                Caption,
                runs::{Point, Strip, legend, strip},
            },
            listing::{Cell, Listing, column},
            markup::{Element, el},
            section::Section,
        },
    },
    units::duration,
};

/// Figures of single runs, a point each.
pub fn points(comparison: &Comparison) -> Section {
    let mut section = Section::new("scatter", "Each run");
    section.note(
        "A point is a run, a row a side. If both rows overlap, chance alone may have made the difference; if they lie apart, it \
         hardly did. Each metric has a scale of its own."
            .into(),
    );
    let metrics = comparison.metrics.iter().enumerate();
    let figures = metrics.map(|(index, metric)| figure(index, metric, &points_of(comparison, metric)));
    section.add(el("div").class("pair").children(figures));
    section.add(legend());
    section
}

fn figure(index: usize, metric: &ComparedMetric, points: &Strip) -> Element {
    let title = format!("{} of each run", words::name(metric));
    let told = |side: usize, name: &str| {
        let values = || points.sides[side].iter().map(|point| point.value);
        let ends = values().min_by(f64::total_cmp).zip(values().max_by(f64::total_cmp));
        match ends.map(|(low, high)| [low, high].map(|value| words::figure(value, metric.unit))) {
            Some([low, high]) => format!("{name} runs from {low} to {high}"),
            None => format!("{name} runs: not known"),
        }
    };
    let description = format!("{}; {}.", told(0, "Old"), told(1, "new"));
    let id = format!("points-{index}");
    let caption = Caption { id: &id, title: &title, description: &description };
    let heading = el("h4").child(el("b").text(words::name(metric))).text(format!(" {}", result(metric)));
    el("figure").child(heading).child(el("div").class("chart").child(strip(&caption, points)))
}

fn points_of(comparison: &Comparison, metric: &ComparedMetric) -> Strip {
    let unit = metric.unit;
    let of_side = |runs: &[ComparedRun], figures: &[Option<f64>]| {
        let known = runs.iter().zip(figures).filter_map(|(run, figure)| Some((run, (*figure)?)));
        known
            .map(|(run, value)| Point { value, told: format!("{}: {}", run.file, words::figure(value, unit)) })
            .collect()
    };
    let unknown = [&metric.old, &metric.new].map(|side| side.iter().filter(|figure| figure.is_none()).count());
    let found = metric.weighed.as_ref();
    Strip {
        sides: [of_side(&comparison.old, &metric.old), of_side(&comparison.new, &metric.new)],
        unknown,
        medians: found.map(|found| [found.old_median, found.new_median]),
        worse_from: found.map(|found| (found.old_median * comparison.worse_from).max(found.old_median + found.floor)),
        shown: Box::new(move |value| words::figure(value, unit)),
    }
}

/// A run, its side, and its place on it.
type Row<'a> = (&'static str, &'a ComparedRun, usize);

/// The table of the runs.
pub fn section(comparison: &Comparison) -> Section {
    let mut section = Section::new("runs", "Runs");
    let side = |name: &'static str, runs: &'_ [ComparedRun]| -> Vec<(&'static str, ComparedRun, usize)> {
        runs.iter().enumerate().map(|(place, run)| (name, run.clone(), place)).collect()
    };
    let all = [side("old", &comparison.old), side("new", &comparison.new)].concat();
    let mut rows: Vec<Row> = all.iter().map(|(side, run, place)| (*side, run, *place)).collect();
    rows.sort_by_key(|(_, run, _)| run.start);
    let mut columns = vec![
        column("side", "Side", |&(side, ..): &Row| Cell::Text(side.into())),
        column("file", "Run", |(_, run, _): &Row| Cell::Name(run.file.clone())),
        column("start", "From (UTC)", |(_, run, _): &Row| {
            Cell::Text(run.start.strftime("%Y-%m-%d %H:%M:%S").to_string())
        }),
        column("duration_ns", "Window", |(_, run, _): &Row| Cell::Figure(run.duration_ns, duration(run.duration_ns))),
        column("hostname", "Host", |(_, run, _): &Row| run.hostname.clone().map_or(Cell::Absent, Cell::Text)),
        column("labels", "Labels", |(_, run, _): &Row| match run.labels.is_empty() {
            true => Cell::Absent,
            false => {
                Cell::Name(run.labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" "))
            }
        }),
    ];
    for metric in &comparison.metrics {
        let name = words::name(metric);
        columns.push(column(name.clone(), name, move |&(side, _, place): &Row| {
            let figures = if side == "old" { &metric.old } else { &metric.new };
            let shown = |value| Cell::Real(value, words::figure(value, metric.unit));
            figures[place].map_or(Cell::Unknown, shown)
        }));
    }
    section.note("In the order in which they were made.".into());
    let listing = Listing { id: "runs-table", caption: "The runs", row: ("run", "runs"), sorted_by: "" };
    section.add(listing.render(&columns, &rows, |_| false));
    section
}
