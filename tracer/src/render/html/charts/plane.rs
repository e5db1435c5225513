//! What heat maps are drawn on: time to the right, latency upwards by its logarithm.

use super::{
    Caption, label, line, number, rectangle,
    scale::{LogScale, time_ticks},
    svg,
};
use crate::{
    render::html::markup::Element,
    units::{duration, setting},
};

const WIDTH: f64 = 1040.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 48.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 38.0;

/// Least room between two labels of the latency axis.
const LABEL_ROOM: f64 = 22.0;

/// Where latencies and times stand.
pub struct Plane {
    scale: LogScale,
    low_ns: u64,
    high_ns: u64,
    start_ns: u64,
    total_ns: u64,
    height: f64,
}

impl Plane {
    /// For latencies and times from one end to the other, with so many pixels for a power of two.
    pub fn new((low_ns, high_ns): (u64, u64), (start_ns, end_ns): (u64, u64), octave: f64) -> Self {
        // A row above and below what was seen, so that nothing sticks to the frame.
        let (low_ns, high_ns) = (low_ns / 2, high_ns.saturating_mul(2));
        let octaves = (high_ns.max(1) as f64).log2() - (low_ns.max(1) as f64).log2();
        let height = (octaves * octave).clamp(120.0, 420.0);
        let scale = LogScale::new(low_ns, high_ns, TOP, TOP + height);
        let total_ns = end_ns.saturating_sub(start_ns).max(1);
        Self { scale, low_ns, high_ns, start_ns, total_ns, height }
    }

    /// Where a time stands.
    pub fn x(&self, ns: u64) -> f64 {
        let share = ns.saturating_sub(self.start_ns) as f64 / self.total_ns as f64;
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    /// Where a latency stands.
    pub fn y(&self, ns: u64) -> f64 {
        self.scale.at(ns)
    }

    /// The frame and the latencies.
    pub fn begin(&self, caption: &Caption) -> Element {
        let mut chart = svg(caption, WIDTH, TOP + self.height + BOTTOM);
        chart = chart.child(rectangle("plot", [LEFT, TOP, WIDTH - LEFT - RIGHT, self.height]));
        for tick in self.scale.ticks(LABEL_ROOM) {
            let y = self.y(tick);
            chart = chart.child(line("grid", [LEFT, y, WIDTH - RIGHT, y])).child(label(
                "tick",
                "end",
                LEFT - 8.0,
                y + 4.0,
                &setting(tick),
            ));
        }
        chart
    }

    /// A cell as part of a path; `inset` is left free on each side.
    pub fn cell(&self, (from_ns, to_ns): (u64, u64), (low_ns, high_ns): (u64, u64), inset: f64) -> String {
        let (left, right) = (self.x(from_ns), self.x(to_ns));
        let (top, bottom) = (self.y(high_ns), self.y(low_ns));
        let (width, height) = (right - left - gap(left, right) - 2.0 * inset, bottom - top - 0.6 - 2.0 * inset);
        format!(
            "M{} {}h{}v{}h-{2}z",
            number(left + inset),
            number(top + inset),
            number(width.max(0.5)),
            number(height.max(0.6))
        )
    }

    /// The middle of a cell.
    pub fn middle(&self, (from_ns, to_ns): (u64, u64), (low_ns, high_ns): (u64, u64)) -> (f64, f64) {
        let (left, right) = (self.x(from_ns), self.x(to_ns));
        ((left + right - gap(left, right)) / 2.0, (self.y(high_ns) + self.y(low_ns)) / 2.0)
    }

    /// A whole column.
    pub fn column(&self, class: &str, (from_ns, to_ns): (u64, u64)) -> Element {
        let (left, right) = (self.x(from_ns), self.x(to_ns));
        rectangle(class, [left, TOP, right - left, self.height])
    }

    /// From where on calls are slow, if that is on the plane.
    pub fn threshold(&self, chart: Element, threshold_ns: u64) -> Element {
        if !(self.low_ns..self.high_ns).contains(&threshold_ns) {
            return chart;
        }
        let (y, right) = (self.y(threshold_ns), WIDTH - RIGHT);
        chart.child(line("halo", [LEFT, y, right, y])).child(line("threshold", [LEFT, y, right, y])).child(label(
            "note",
            "start",
            right + 6.0,
            y - 1.0,
            "slow ↑",
        ))
    }

    /// The times below.
    pub fn times(&self, mut chart: Element) -> Element {
        let baseline = TOP + self.height;
        for tick in time_ticks(self.total_ns, 10) {
            let at = self.x(self.start_ns.saturating_add(tick));
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
        chart.child(label("tick", "middle", middle, baseline + 35.0, "time since the window opened"))
    }
}

/// A hair between columns, as long as they are wide enough.
fn gap(left: f64, right: f64) -> f64 {
    if right - left > 4.0 { 1.0 } else { 0.0 }
}
