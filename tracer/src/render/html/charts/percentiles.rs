//! Latency by percentile, with and without the disk waits. The axis counts nines, so that the tail has room.

use super::{Caption, label, line, long_entry, number, scale::LogScale, svg};
use crate::{
    model::Histogram,
    render::html::markup::{Element, el},
    units::setting,
};

const WIDTH: f64 = 510.0;
const HEIGHT: f64 = 290.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 38.0;

/// Least room between two labels of the latency axis.
const LABEL_ROOM: f64 = 24.0;

/// So many nines fit on the axis.
const NINES_MAX: u32 = 7;

/// Percentiles with a label: text and share above, as 1 in so many.
const TICKS: [(&str, u64); 8] = [
    ("50 %", 2),
    ("90 %", 10),
    ("99 %", 100),
    ("99.9 %", 1_000),
    ("99.99 %", 10_000),
    ("99.999 %", 100_000),
    ("6 nines", 1_000_000),
    ("7 nines", 10_000_000),
];

/// A curve and the class that it is drawn in.
#[derive(Clone, Copy)]
pub struct Curve<'a> {
    /// What it is of.
    pub histogram: &'a Histogram,
    /// `curve` and what tells it from others.
    pub class: &'static str,
}

/// The chart of all calls; `None` without calls. Without `without_disk` there is one curve: no disk wait, or none that is known of.
pub fn percentiles(caption: &Caption, all: &Histogram, without_disk: Option<&Histogram>) -> Option<Element> {
    let without = without_disk.map(|histogram| Curve { histogram, class: "curve without" });
    let class = if without.is_some() { "curve all" } else { "curve" };
    curves(caption, Curve { histogram: all, class }, without, true)
}

/// A curve, and another one behind it; what lies between them is `shaded` or not. `None` without calls.
pub fn curves(caption: &Caption, front: Curve, behind: Option<Curve>, shaded: bool) -> Option<Element> {
    let all = || [Some(front), behind].into_iter().flatten().map(|curve| curve.histogram);
    let lowest = all().filter_map(Histogram::min_ns).min()?;
    let max_ns = all().filter_map(Histogram::max_ns).max()?;
    let most = all().map(Histogram::count).max()?;
    let (top, bottom, right) = (TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
    let scale = LogScale::new(lowest - lowest / 4, max_ns.saturating_add(max_ns / 2), top, bottom);
    let nines = (most as f64).log10().clamp(1.0, f64::from(NINES_MAX));
    let x = |one_in: f64| LEFT + (one_in.log10() / nines).clamp(0.0, 1.0) * (right - LEFT);

    let mut chart = svg(caption, WIDTH, HEIGHT);
    for tick in scale.ticks(LABEL_ROOM) {
        let y = scale.at(tick);
        chart = chart.child(line("grid", [LEFT, y, right, y])).child(label(
            "tick",
            "end",
            LEFT - 8.0,
            y + 4.0,
            &setting(tick),
        ));
    }
    let mut last = f64::NEG_INFINITY;
    for (text, one_in) in TICKS.into_iter().filter(|&(_, one_in)| (one_in as f64).log10() <= nines + 1e-9) {
        let at = x(one_in as f64);
        chart = chart.child(line("grid", [at, top, at, bottom]));
        // The last label ends at the frame.
        let (anchor, begins) = if at > right - 20.0 { ("end", at - 44.0) } else { ("middle", at - 22.0) };
        if begins > last {
            chart = chart.child(label("tick", anchor, at, bottom + 18.0, text));
            last = begins + 46.0;
        }
    }
    chart = chart.child(line("axis", [LEFT, bottom, right, bottom]));
    chart = chart.child(label("tick", "middle", (LEFT + right) / 2.0, bottom + 35.0, "share of calls at or below"));

    let above = corners(front.histogram, &scale, &x, right);
    if let Some(behind) = behind {
        let below = corners(behind.histogram, &scale, &x, right);
        if shaded {
            let back: Vec<_> = below.iter().rev().copied().collect();
            let area = format!("{}{}z", path(&above, 'M'), path(&back, 'L'));
            chart = chart.child(el("path").class("between").attr("d", area));
        }
        chart = chart.child(el("path").class(behind.class).attr("d", path(&below, 'M')));
    }
    Some(chart.child(el("path").class(front.class).attr("d", path(&above, 'M'))))
}

/// What the curve of all calls is called.
pub const ALL: &str = "all calls";

/// What the second curve is called.
pub const WITHOUT: &str = "without the disk waits";

/// Which curve is which; there is nothing to tell apart where there is one.
pub fn legend() -> Element {
    legend_of([("curve all", ALL), ("curve without", WITHOUT)])
}

/// The same for any two curves: their classes and names.
pub fn legend_of(curves: [(&str, &str); 2]) -> Element {
    let entries = curves.map(|(class, name)| long_entry(line(class, [0.0, 7.0, 30.0, 7.0]), name));
    el("p").class("legend").children(entries)
}

/// The corners of a curve: the value at each share of the calls is that of the bucket that holds it, at most the maximum.
fn corners(histogram: &Histogram, scale: &LogScale, x: &impl Fn(f64) -> f64, right: f64) -> Vec<(f64, f64)> {
    let (count, max_ns) = (histogram.count(), histogram.max_ns().unwrap_or(0));
    let mut corners: Vec<(f64, f64)> = Vec::new();
    let mut seen = 0u64;
    for (_, high, calls) in histogram.buckets() {
        let y = scale.at(high.saturating_sub(1).min(max_ns));
        let begins = x(count as f64 / count.saturating_sub(seen).max(1) as f64);
        seen = seen.saturating_add(calls);
        let left = count.saturating_sub(seen);
        let ends = if left == 0 { right } else { x(count as f64 / left as f64) };
        corners.extend([(begins, y), (ends, y)]);
    }
    corners
}

/// The way along corners; those that a tenth of a pixel does not tell apart are one.
fn path(corners: &[(f64, f64)], first: char) -> String {
    let mut out = String::new();
    let mut last = (String::new(), String::new());
    for &(x, y) in corners {
        let at = (number(x), number(y));
        if out.is_empty() {
            out = format!("{first}{} {}", at.0, at.1);
        } else if at.0 == last.0 && at.1 != last.1 {
            out += &format!("V{}", at.1);
        } else if at.1 == last.1 && at.0 != last.0 {
            out += &format!("H{}", at.0);
        } else if at != last {
            out += &format!("L{} {}", at.0, at.1);
        }
        last = at;
    }
    out
}
