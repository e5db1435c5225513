//! Latency over time: one column per piece of the window, one row per half power of two, colour for the number of calls,
//! a diamond where some of them were disk-blocked.

use std::collections::BTreeMap;

use super::{Caption, bins::bin_of, entry, number, plane::Plane, rectangle};
use crate::{
    render::{
        html::{
            markup::{Element, el},
            timeline::Slice,
        },
        percentile::of_buckets,
    },
    units::{count, counted, duration, latency},
};

/// Shades of a cell, lightest first.
pub const SHADES: usize = 6;

/// Rows for each power of two.
pub const ROWS: u64 = 2;

/// Height of a power of two.
const OCTAVE: f64 = 17.0;

/// Half the width of a diamond.
const DIAMOND: f64 = 3.2;

/// Calls of a cell.
#[derive(Clone, Copy, Default)]
pub struct Cell {
    /// All of them.
    pub calls: u64,
    /// The disk-blocked ones.
    pub disk_blocked: u64,
}

/// The chart of these slices of a window, and its legend; `None` if no call returned in any.
pub fn heat_map(caption: &Caption, slices: &[Slice], threshold_ns: u64) -> Option<(Element, Element)> {
    let cells: Vec<_> = slices.iter().map(cells).collect();
    let rows = || cells.iter().flat_map(BTreeMap::keys);
    let latencies = (rows().min()?.0, rows().max()?.1);
    let most = cells.iter().flat_map(BTreeMap::values).map(|cell| cell.calls).max()?;
    let shades = shades(most);
    let plane = Plane::new(latencies, (slices.first()?.at_ns, slices.last()?.end_ns), OCTAVE);
    let mut chart = plane.begin(caption);
    // One path per shade: a map of an hour stays small.
    let mut paths = vec![String::new(); SHADES];
    let mut diamonds = String::new();
    for (slice, cells) in slices.iter().zip(&cells) {
        let times = (slice.at_ns, slice.end_ns);
        for (&row, cell) in cells {
            let shade = shades.iter().position(|&up_to| cell.calls <= up_to).unwrap_or(SHADES - 1);
            paths[shade] += &plane.cell(times, row, 0.0);
            if cell.disk_blocked > 0 {
                diamonds += &diamond(plane.middle(times, row));
            }
        }
    }
    for (shade, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        chart = chart.child(el("path").class(format!("heat{}", shade + 1)).attr("d", path));
    }
    chart = plane.threshold(chart, threshold_ns);
    if !diamonds.is_empty() {
        chart = chart.child(el("path").class("diamond").attr("d", diamonds));
    }
    chart = plane.times(chart);
    for slice in slices {
        let hit = plane.column("hit", (slice.at_ns, slice.end_ns));
        chart = chart.child(hit.child(el("title").text(told(slice))));
    }
    Some((chart, legend(&shades, !diamonds_are_missing(slices))))
}

fn diamonds_are_missing(slices: &[Slice]) -> bool {
    slices.iter().all(|slice| slice.disk_blocked == 0)
}

/// A diamond around a point, as part of a path.
pub fn diamond((x, y): (f64, f64)) -> String {
    let d = number(DIAMOND);
    format!("M{} {}l{d} {d}l-{d} {d}l-{d} -{d}z", number(x), number(y - DIAMOND))
}

/// Calls by half power of two, `[low, high)`.
pub fn cells(slice: &Slice) -> BTreeMap<(u64, u64), Cell> {
    let mut cells: BTreeMap<(u64, u64), Cell> = BTreeMap::new();
    for &(low, _, calls) in &slice.latency {
        let cell = cells.entry(bin_of(low, ROWS)).or_default();
        cell.calls = cell.calls.saturating_add(calls);
    }
    for &(low, _, calls) in &slice.disk {
        let cell = cells.entry(bin_of(low, ROWS)).or_default();
        cell.disk_blocked = cell.disk_blocked.saturating_add(calls);
    }
    cells
}

/// Up to how many calls each shade goes; in even steps of the logarithm, the last one `most`.
fn shades(most: u64) -> [u64; SHADES] {
    let mut up_to = [most; SHADES];
    for (index, up_to) in up_to.iter_mut().enumerate().take(SHADES - 1) {
        let step = (most as f64).powf(index as f64 / (SHADES - 1) as f64);
        *up_to = (step.round() as u64).clamp(1, most);
    }
    up_to
}

/// What the colours and the diamond mean.
fn legend(shades: &[u64; SHADES], has_diamonds: bool) -> Element {
    let mut legend = el("p").class("legend").child(el("span").text("calls per cell"));
    let mut from = 1;
    for (index, &up_to) in shades.iter().enumerate() {
        if up_to < from {
            continue;
        }
        let text = if from == up_to { count(from) } else { format!("{}–{}", count(from), count(up_to)) };
        legend = legend.child(entry(rectangle(&format!("heat{}", index + 1), [0.0, 0.0, 14.0, 14.0]), &text));
        from = up_to.saturating_add(1);
    }
    if has_diamonds { legend.child(diamonds_mean()) } else { legend }
}

/// What the diamond means.
pub fn diamonds_mean() -> Element {
    entry(el("path").class("diamond").attr("d", "M7 2l5 5l-5 5l-5 -5z"), "some of them disk-blocked")
}

/// A slice in words.
fn told(slice: &Slice) -> String {
    let mut facts = vec![counted(slice.calls, "call", "calls")];
    let percentile =
        |name: &str, per_mille| of_buckets(&slice.latency, per_mille).map(|ns| format!("{name} {}", latency(ns)));
    facts.extend(percentile("p50", 500));
    facts.extend(percentile("p99", 990));
    if slice.disk_blocked > 0 {
        facts.push(format!("{} disk-blocked, {}", count(slice.disk_blocked), duration(slice.disk_wait_ns)));
    }
    format!("{} to {}: {}", duration(slice.at_ns), duration(slice.end_ns), facts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_calls_has_one_shade() {
        for most in [1, 2, 3, 7, 100, 6_293, u64::MAX] {
            let shades = shades(most);
            assert!(shades.is_sorted() && shades[0] == 1 && shades[SHADES - 1] == most, "{shades:?}");
        }
        assert_eq!(shades(100_000), [1, 10, 100, 1_000, 10_000, 100_000]);
    }
}
