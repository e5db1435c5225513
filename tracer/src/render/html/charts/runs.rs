//! Figures of single runs as points, a row for each side: the scatter that decides whether a difference may be chance.

use super::{Caption, entry, label, line, long_entry, number, rectangle, svg};
use crate::render::html::markup::{Element, el};

const WIDTH: f64 = 510.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 2.0;
const HEIGHT: f64 = 66.0;

/// Height of a side.
const LANE: f64 = 22.0;

/// Points of a side that would touch stand beside each other.
const TOUCH: f64 = 7.0;
const ASIDE: [f64; 5] = [0.0, -4.0, 4.0, -7.0, 7.0];

/// A run's figure.
pub struct Point {
    /// In the metric's unit.
    pub value: f64,
    /// The run and its figure in words.
    pub told: String,
}

/// A metric of both sides.
pub struct Strip {
    /// The old runs, then the new ones, whose figures are known.
    pub sides: [Vec<Point>; 2],
    /// Runs whose figures are not known.
    pub unknown: [usize; 2],
    /// The medians of the sides, if all figures are known.
    pub medians: Option<[f64; 2]>,
    /// From here on a change would count, if the old median is known.
    pub worse_from: Option<f64>,
    /// A figure in words.
    pub shown: Box<dyn Fn(f64) -> String>,
}

/// The chart, from the least to the greatest figure.
pub fn strip(caption: &Caption, strip: &Strip) -> Element {
    let (top, right) = (TOP, WIDTH - RIGHT);
    let mut chart = svg(caption, WIDTH, HEIGHT).child(rectangle("plot", [LEFT, top, right - LEFT, 2.0 * LANE]));
    let values = || strip.sides.iter().flatten().map(|point| point.value).chain(strip.worse_from);
    let (Some(low), Some(high)) = (values().min_by(f64::total_cmp), values().max_by(f64::total_cmp)) else {
        return chart.child(label("tick", "start", LEFT + 8.0, top + LANE + 4.0, "not known of any run"));
    };
    let room = if high > low { high - low } else { 1.0 };
    let x = |value: f64| LEFT + 14.0 + (value - low) / room * (right - LEFT - 28.0);
    if let Some(worse_from) = strip.worse_from {
        let at = x(worse_from);
        chart = chart.child(line("threshold", [at, top, at, top + 2.0 * LANE]));
    }
    for (side, (name, class)) in [("old", "point old"), ("new", "point new")].into_iter().enumerate() {
        let middle = top + LANE * (side as f64 + 0.5);
        chart = chart.child(label("tick", "end", LEFT - 10.0, middle + 4.0, name));
        if let Some(median) = strip.medians.map(|medians| x(medians[side])) {
            chart = chart.child(line("median", [median, middle - 9.0, median, middle + 9.0]));
        }
        let mut drawn: Vec<f64> = Vec::new();
        for Point { value, told } in &strip.sides[side] {
            let at = x(*value);
            let touching = drawn.iter().filter(|&other| (other - at).abs() < TOUCH).count();
            drawn.push(at);
            let y = middle + ASIDE[touching % ASIDE.len()];
            let point = mark(side, class, at, y).attr("data-v", value).child(el("title").text(told));
            chart = chart.child(point);
        }
        if strip.unknown[side] > 0 {
            let runs = if strip.unknown[side] == 1 { "run" } else { "runs" };
            let text = format!("not known of {} {runs}", strip.unknown[side]);
            chart = chart.child(label("note", "end", right - 6.0, middle + 4.0, &text));
        }
    }
    let ends = if high > low { vec![(low, "start", -14.0), (high, "end", 14.0)] } else { vec![(low, "middle", 0.0)] };
    for (value, anchor, aside) in ends {
        let at = x(value);
        let text = (strip.shown)(value);
        chart = chart.child(line("axis", [at, top + 2.0 * LANE, at, top + 2.0 * LANE + 4.0])).child(label(
            "tick",
            anchor,
            at + aside,
            top + 2.0 * LANE + 17.0,
            &text,
        ));
    }
    chart
}

/// A ring for an old run, a diamond for a new one: they are told apart without their colours.
fn mark(side: usize, class: &str, x: f64, y: f64) -> Element {
    match side {
        0 => el("circle").class(class).attr("cx", number(x)).attr("cy", number(y)).attr("r", "3.6"),
        _ => {
            el("path").class(class).attr("d", format!("M{} {}l4.4 4.4l-4.4 4.4l-4.4 -4.4z", number(x), number(y - 4.4)))
        }
    }
}

/// What the marks mean.
pub fn legend() -> Element {
    el("p")
        .class("legend")
        .child(entry(mark(0, "point old", 7.0, 7.0), "an old run"))
        .child(entry(mark(1, "point new", 7.0, 7.0), "a new run"))
        .child(entry(line("median", [7.0, 0.0, 7.0, 14.0]), "the median of a side"))
        .child(long_entry(line("threshold", [0.0, 7.0, 30.0, 7.0]), "beyond this line a change counts"))
}
