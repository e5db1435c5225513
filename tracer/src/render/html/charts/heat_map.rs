//! Latency over time: one column per piece of the window, one row per half power of two, colour for the number of calls,
//! a diamond where some of them were disk-blocked.

use std::collections::BTreeMap;

use super::{
    Caption, label, line, number, rectangle,
    scale::{LogScale, time_ticks},
    svg,
};
use crate::{
    render::{
        html::{
            markup::{Element, el},
            timeline::Slice,
        },
        percentile::of_buckets,
    },
    units::{count, counted, duration, latency, setting},
};

/// Shades of a cell, lightest first.
pub const SHADES: usize = 6;

const WIDTH: f64 = 1040.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 48.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 38.0;

/// Height of a power of two.
const OCTAVE: f64 = 17.0;

/// Least room between two labels of the latency axis.
const LABEL_ROOM: f64 = 22.0;

/// Half the width of a diamond.
const DIAMOND: f64 = 3.2;

/// Calls of a cell.
#[derive(Clone, Copy, Default)]
struct Cell {
    calls: u64,
    disk_blocked: u64,
}

/// The chart of these slices of a window, and its legend; `None` if no call returned in any.
pub fn heat_map(caption: &Caption, slices: &[Slice], threshold_ns: u64) -> Option<(Element, Element)> {
    let cells: Vec<_> = slices.iter().map(cells).collect();
    let rows = || cells.iter().flat_map(BTreeMap::keys);
    let (low, high) = (rows().min()?.0, rows().max()?.1);
    // A row above and below what was seen, so that nothing sticks to the frame.
    let (low, high) = (low / 2, high.saturating_mul(2));
    let most = cells.iter().flat_map(BTreeMap::values).map(|cell| cell.calls).max()?;
    let shades = shades(most);

    let octaves = (high.max(1) as f64).log2() - (low.max(1) as f64).log2();
    let height = (octaves * OCTAVE).clamp(120.0, 420.0);
    let scale = LogScale::new(low, high, TOP, TOP + height);
    let (start_ns, end_ns) = (slices.first()?.at_ns, slices.last()?.end_ns);
    let total_ns = end_ns.saturating_sub(start_ns).max(1);
    let x = |ns: u64| {
        let share = ns.saturating_sub(start_ns) as f64 / total_ns as f64;
        LEFT + share * (WIDTH - LEFT - RIGHT)
    };

    let mut chart = svg(caption, WIDTH, TOP + height + BOTTOM);
    chart = chart.child(rectangle("plot", [LEFT, TOP, WIDTH - LEFT - RIGHT, height]));
    for tick in scale.ticks(LABEL_ROOM) {
        chart = chart.child(line("grid", [LEFT, scale.at(tick), WIDTH - RIGHT, scale.at(tick)])).child(label(
            "tick",
            "end",
            LEFT - 8.0,
            scale.at(tick) + 4.0,
            &setting(tick),
        ));
    }
    // One path per shade: a map of an hour stays small.
    let mut paths = vec![String::new(); SHADES];
    let mut diamonds = String::new();
    for (slice, cells) in slices.iter().zip(&cells) {
        let (left, right) = (x(slice.at_ns), x(slice.end_ns));
        // A hair between columns, as long as they are wide enough.
        let gap = if right - left > 4.0 { 1.0 } else { 0.0 };
        for (&(low, high), cell) in cells {
            let (top, bottom) = (scale.at(high), scale.at(low));
            let shade = shades.iter().position(|&up_to| cell.calls <= up_to).unwrap_or(SHADES - 1);
            paths[shade] += &format!(
                "M{} {}h{}v{}h-{2}z",
                number(left),
                number(top),
                number((right - left - gap).max(0.5)),
                number((bottom - top - 0.6).max(0.6)),
            );
            if cell.disk_blocked > 0 {
                let d = number(DIAMOND);
                diamonds += &format!(
                    "M{} {}l{d} {d}l-{d} {d}l-{d} -{d}z",
                    number((left + right - gap) / 2.0),
                    number((top + bottom) / 2.0 - DIAMOND)
                );
            }
        }
    }
    for (shade, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        chart = chart.child(el("path").class(format!("heat{}", shade + 1)).attr("d", path));
    }
    if (low..high).contains(&threshold_ns) {
        let (y, right) = (scale.at(threshold_ns), WIDTH - RIGHT);
        chart = chart
            .child(line("halo", [LEFT, y, right, y]))
            .child(line("threshold", [LEFT, y, right, y]))
            .child(label("note", "start", right + 6.0, y - 1.0, "slow ↑"));
    }
    if !diamonds.is_empty() {
        chart = chart.child(el("path").class("diamond").attr("d", diamonds));
    }
    let baseline = TOP + height;
    for tick in time_ticks(total_ns, 10) {
        let at = x(start_ns.saturating_add(tick));
        let anchor = if at > WIDTH - RIGHT - 20.0 { "end" } else { "middle" };
        let text = duration(tick);
        chart = chart.child(line("axis", [at, baseline, at, baseline + 5.0])).child(label(
            "tick",
            anchor,
            at,
            baseline + 19.0,
            &text,
        ));
    }
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    chart = chart.child(label("tick", "middle", middle, baseline + 35.0, "time since the window opened"));
    for slice in slices {
        let (left, right) = (x(slice.at_ns), x(slice.end_ns));
        let hit = rectangle("hit", [left, TOP, right - left, height]);
        chart = chart.child(hit.child(el("title").text(told(slice))));
    }
    Some((chart, legend(&shades, !diamonds_are_missing(slices))))
}

fn diamonds_are_missing(slices: &[Slice]) -> bool {
    slices.iter().all(|slice| slice.disk_blocked == 0)
}

/// Calls by half power of two, `[low, high)`.
fn cells(slice: &Slice) -> BTreeMap<(u64, u64), Cell> {
    let mut cells: BTreeMap<(u64, u64), Cell> = BTreeMap::new();
    for &(low, _, calls) in &slice.latency {
        let cell = cells.entry(row_of(low)).or_default();
        cell.calls = cell.calls.saturating_add(calls);
    }
    for &(low, _, calls) in &slice.disk {
        let cell = cells.entry(row_of(low)).or_default();
        cell.disk_blocked = cell.disk_blocked.saturating_add(calls);
    }
    cells
}

/// The row of a bucket that begins at `low`: `[2^k, 1.5 · 2^k)` or `[1.5 · 2^k, 2^(k+1))`. Buckets do not cross these.
fn row_of(low: u64) -> (u64, u64) {
    let Some(power) = low.checked_ilog2() else { return (0, 1) };
    let (octave, half) = (1u64 << power, (1u64 << power) / 2);
    let end = octave.saturating_mul(2);
    match half {
        0 => (octave, end),
        _ if low < octave + half => (octave, octave + half),
        _ => (octave + half, end),
    }
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
        let swatch = el("svg").class("swatch").attr("viewBox", "0 0 14 14").attr("aria-hidden", "true");
        let swatch = swatch.child(rectangle(&format!("heat{}", index + 1), [0.0, 0.0, 14.0, 14.0]));
        legend = legend.child(el("span").child(swatch).text(text));
        from = up_to.saturating_add(1);
    }
    if has_diamonds {
        let swatch = el("svg").class("swatch").attr("viewBox", "0 0 14 14").attr("aria-hidden", "true");
        let swatch = swatch.child(el("path").class("diamond").attr("d", "M7 2l5 5l-5 5l-5 -5z"));
        legend = legend.child(el("span").child(swatch).text("some of them disk-blocked"));
    }
    legend
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
    use tracer_common::histogram::{BUCKETS, bounds_of};

    use super::*;

    #[test]
    fn no_bucket_crosses_a_row() {
        for index in 0..BUCKETS {
            let (low, high) = bounds_of(index);
            let row = row_of(low);
            assert!(row.0 <= low && high <= row.1, "[{low}, {high}) is not in {row:?}");
        }
    }

    #[test]
    fn every_number_of_calls_has_one_shade() {
        for most in [1, 2, 3, 7, 100, 6_293, u64::MAX] {
            let shades = shades(most);
            assert!(shades.is_sorted() && shades[0] == 1 && shades[SHADES - 1] == most, "{shades:?}");
        }
        assert_eq!(shades(100_000), [1, 10, 100, 1_000, 10_000, 100_000]);
    }
}
