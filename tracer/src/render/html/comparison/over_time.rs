//! Latency over time of the old runs, of the new ones, and how they differ.

use super::{
    calls::{CHARTS_MAX, Call, busiest_only},
    columns::{columns, width_ns},
};
use crate::{
    model::Recording,
    render::{
        html::{
            charts::{Caption, side_maps::SideMaps},
            listing::{Cell, Listing, column},
            markup::{Element, el},
            section::Section,
            timeline::Slice,
        },
        percentile::of_buckets,
    },
    units::{count, counted, duration, latency},
};

/// The maps; `None` without calls.
pub fn section(sides: [&[&Recording]; 2], calls: &[Call]) -> Option<Section> {
    let runs = || sides.into_iter().flatten().copied();
    let threshold_ns = runs().next()?.threshold_ns;
    if calls.is_empty() {
        return None;
    }
    let mut section = Section::new("over-time", "Latency over time");
    let Some(width_ns) = width_ns(runs()) else {
        section.note("The recordings have no intervals, so nothing is known of how the latency went over time.".into());
        return Some(section);
    };
    section.note(format!(
        "The runs of a side lie over each other, each from the opening of its window; a column is {}. Colour is the share of the \
         calls that returned then: the same share has the same colour on both maps. The third map is the new side less the old \
         one: filled where it has more of its calls, hollow where it has fewer, blank where both have as many.",
        duration(width_ns)
    ));
    busiest_only(calls.len()).into_iter().for_each(|text| section.note(text));
    for (index, call) in calls.iter().take(CHARTS_MAX).enumerate() {
        let columns = sides.map(|side| columns(side, width_ns, |row| call.is_interval(row)));
        let Some(maps) = SideMaps::new([&columns[0], &columns[1]], width_ns, threshold_ns) else { continue };
        if calls.len() > 1 {
            section.add(el("h3").text(&call.label));
        }
        let ids = ["old", "new", "difference"].map(|map| format!("map-{index}-{map}"));
        for (side, name) in ["old", "new"].into_iter().enumerate() {
            let title = format!("Latency of {} over time, {name} runs", call.label);
            let description = described(&columns[side], sides[side].len());
            let caption = Caption { id: &ids[side], title: &title, description: &description };
            let legend = (side == 1).then(|| maps.legend(&ids[side]));
            section.add(map(&format!("{} runs", capital(name)), maps.side(&caption, side)).children(legend));
        }
        let title = format!("Latency of {} over time, new runs less old ones", call.label);
        let caption = Caption {
            id: &ids[2],
            title: &title,
            description: "Where the new runs have more or fewer of their calls.",
        };
        let difference = map("New less old", maps.difference(&caption)).child(maps.difference_legend(&ids[2]));
        section.add(difference);
        section.add(table(index, call, &columns, width_ns));
    }
    Some(section)
}

fn capital(name: &str) -> &str {
    if name == "old" { "Old" } else { "New" }
}

fn map(heading: &str, chart: Element) -> Element {
    el("figure").class("wide map").child(el("h4").text(heading)).child(el("div").class("chart").child(chart))
}

fn described(columns: &[Option<Slice>], runs: usize) -> String {
    let sum = |of: fn(&Slice) -> u64| columns.iter().flatten().map(of).fold(0, u64::saturating_add);
    format!(
        "{} of {}, {}.",
        counted(sum(|slice| slice.calls), "call", "calls"),
        counted(runs as u64, "run", "runs"),
        counted(sum(|slice| slice.disk_blocked), "of them disk-blocked", "of them disk-blocked")
    )
}

/// The columns in figures.
fn table(index: usize, call: &Call, sides: &[Vec<Option<Slice>>; 2], width_ns: u64) -> Element {
    type Row = u64;
    let rows: Vec<Row> = (0..sides[0].len().max(sides[1].len()) as u64).collect();
    let slice = |side: usize, row: &Row| sides[side].get(*row as usize)?.as_ref();
    let of_side = |side: usize, of: fn(&Slice) -> Option<u64>, shown: fn(u64) -> String| {
        move |row: &Row| Cell::known(slice(side, row).and_then(of), shown)
    };
    let from = move |row: &Row| width_ns.saturating_mul(*row);
    let calls = |slice: &Slice| Some(slice.calls);
    let p99 = |slice: &Slice| of_buckets(&slice.latency, 990);
    let blocked = |slice: &Slice| Some(slice.disk_blocked);
    let columns = [
        column("at_ns", "From", move |row: &Row| Cell::Figure(from(row), duration(from(row)))),
        column("old_calls", "Old calls", of_side(0, calls, count)),
        column("new_calls", "New calls", of_side(1, calls, count)),
        column("old_p99", "Old p99", of_side(0, p99, latency)),
        column("new_p99", "New p99", of_side(1, p99, latency)),
        column("old_disk_blocked", "Old disk-blocked", of_side(0, blocked, count)),
        column("new_disk_blocked", "New disk-blocked", of_side(1, blocked, count)),
    ];
    let (id, caption) = (format!("map-{index}-table"), format!("{} over time, old and new", call.label));
    let listing = Listing { id: &id, caption: &caption, row: ("column", "columns"), sorted_by: "" };
    let summary = el("summary").text(format!("The figures of these charts: {caption}"));
    el("details").child(summary).child(listing.render(&columns, &rows, |_| false))
}
