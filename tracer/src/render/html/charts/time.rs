//! Where the time went: a bar for each system call, its four parts side by side.

use super::{Caption, label, rectangle, svg};
use crate::{
    model::TimeNs,
    render::html::markup::{Element, el},
    units::{duration, percent},
};

const WIDTH: f64 = 1040.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 92.0;
const BAR: f64 = 24.0;
const STEP: f64 = 36.0;

/// The parts in the order in which they are drawn: class, name, figure.
pub fn parts(time: &TimeNs) -> [(&'static str, &'static str, u64); 4] {
    [
        ("on-cpu", "on CPU", time.on_cpu),
        ("disk", "disk", time.disk),
        ("runqueue", "run queue", time.runqueue),
        ("other", "other wait", time.other),
    ]
}

/// The sum of the parts.
pub fn total(time: &TimeNs) -> u64 {
    parts(time).iter().fold(0, |sum, &(.., ns)| sum.saturating_add(ns))
}

/// One bar for each of these; every bar is the whole of its own calls' time.
pub fn bars(caption: &Caption, rows: &[(String, TimeNs)]) -> Element {
    let mut chart = svg(caption, WIDTH, rows.len() as f64 * STEP + 4.0);
    // The disk's part is hatched: it is told apart without its colour.
    let hatch = format!("{}-hatch", caption.id);
    let pattern = el("pattern")
        .attr("id", &hatch)
        .attr("width", "6")
        .attr("height", "6")
        .attr("patternUnits", "userSpaceOnUse")
        .attr("patternTransform", "rotate(45)")
        .child(rectangle("disk", [0.0, 0.0, 6.0, 6.0]))
        .child(rectangle("stripe", [0.0, 0.0, 1.6, 6.0]));
    chart = chart.child(el("defs").child(pattern));
    for (index, (name, time)) in rows.iter().enumerate() {
        let (top, whole) = (index as f64 * STEP + 4.0, total(time));
        let middle = top + BAR / 2.0 + 4.0;
        chart = chart.child(label("name", "end", LEFT - 12.0, middle, name));
        let mut x = LEFT;
        for (class, name, ns) in parts(time).into_iter().filter(|&(.., ns)| ns > 0) {
            let width = (WIDTH - LEFT - RIGHT) * (ns as f64 / whole as f64).min(1.0);
            let fill = if class == "disk" {
                el("rect").attr("fill", format!("url(#{hatch})"))
            } else {
                el("rect").class(class)
            };
            let bar = [("x", x), ("y", top), ("width", (width - 1.0).max(1.0)), ("height", BAR)]
                .into_iter()
                .fold(fill, |bar, (side, at)| bar.attr(side, super::number(at)));
            let told = format!("{name}: {}, {}", duration(ns), percent(ns, whole));
            chart = chart.child(bar.child(el("title").text(told)));
            x += width;
        }
        chart = chart.child(label("total", "start", WIDTH - RIGHT + 10.0, middle, &duration(whole)));
    }
    chart
}

/// Which part is drawn how.
pub fn legend(id: &str) -> Element {
    let swatch = |class: &str| {
        let swatch = el("svg").class("swatch").attr("viewBox", "0 0 14 14").attr("aria-hidden", "true");
        if class == "disk" {
            swatch.child(el("rect").attr("width", "14").attr("height", "14").attr("fill", format!("url(#{id}-hatch)")))
        } else {
            swatch.child(rectangle(class, [0.0, 0.0, 14.0, 14.0]))
        }
    };
    let parts = parts(&TimeNs::default());
    el("p").class("legend").children(parts.map(|(class, name, _)| el("span").child(swatch(class)).text(name)))
}
