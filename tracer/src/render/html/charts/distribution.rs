//! Two distributions laid over each other, in the same bins: the old one as an area, the new one as a line. The axis of shares
//! counts powers of ten, so that a tail of one call in ten thousand is seen.

use super::{Caption, bins::Bin, entry, label, line, long_entry, number, rectangle, scale::LogScale, svg};
use crate::{
    render::html::markup::{Element, el},
    units::{self, setting},
};

const WIDTH: f64 = 510.0;
const HEIGHT: f64 = 290.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 38.0;

/// Least room between two labels.
const LABEL_ROOM: f64 = 22.0;
const TIME_ROOM: f64 = 44.0;

/// Shares are drawn down to one in so many.
const LEAST_SHARE: f64 = 1e-9;

/// The chart; `None` if no side has a call.
pub fn distribution(caption: &Caption, bins: &[Bin]) -> Option<Element> {
    let (first, last) = (bins.first()?, bins.last()?);
    let totals = [0, 1].map(|side| bins.iter().map(|bin| bin.calls[side]).fold(0, u64::saturating_add));
    let share = |bin: &Bin, side: usize| match totals[side] {
        0 => 0.0,
        total => bin.calls[side] as f64 / total as f64,
    };
    let shares = || bins.iter().flat_map(|bin| [share(bin, 0), share(bin, 1)]).filter(|&share| share > 0.0);
    // A power of ten below the least one there is, so that it is told from none.
    let least = shares().min_by(f64::total_cmp)?.log10().floor().max(LEAST_SHARE.log10()) - 0.5;
    let (top, bottom, right) = (TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
    let y = |share: f64| match share {
        0.0 => bottom,
        share => bottom - (1.0 - share.log10() / least).clamp(0.0, 1.0) * (bottom - top),
    };
    let times = LogScale::new(first.low_ns, last.high_ns, LEFT, right);
    // That scale goes upwards.
    let x = |ns: u64| LEFT + right - times.at(ns);

    let mut chart = svg(caption, WIDTH, HEIGHT);
    let mut last_y = f64::NEG_INFINITY;
    for power in (0..=9).map(|power| 10f64.powi(-power)).filter(|share| share.log10() > least) {
        let at = y(power);
        chart = chart.child(line("grid", [LEFT, at, right, at]));
        if at - last_y >= LABEL_ROOM {
            chart = chart.child(label("tick", "end", LEFT - 8.0, at + 4.0, &units::share_setting(power)));
            last_y = at;
        }
    }
    let mut last_x = f64::NEG_INFINITY;
    for tick in times.ticks(0.0) {
        let at = x(tick);
        chart = chart.child(line("grid", [at, top, at, bottom]));
        if at - last_x >= TIME_ROOM {
            let anchor = if at > right - 20.0 { "end" } else { "middle" };
            chart = chart.child(label("tick", anchor, at, bottom + 18.0, &setting(tick)));
            last_x = at;
        }
    }
    chart = chart
        .child(line("axis", [LEFT, bottom, right, bottom]))
        .child(label("tick", "end", LEFT - 8.0, bottom + 4.0, "none"))
        .child(label(
            "tick",
            "middle",
            (LEFT + right) / 2.0,
            bottom + 35.0,
            "latency, and the share of calls in each bin",
        ));
    let steps = |side: usize| {
        let steps = bins.iter().map(|bin| format!("V{}H{}", number(y(share(bin, side))), number(x(bin.high_ns))));
        format!("M{} {}{}V{}", number(x(first.low_ns)), number(bottom), steps.collect::<String>(), number(bottom))
    };
    if totals[0] > 0 {
        chart = chart.child(el("path").class("area").attr("d", steps(0)));
    }
    if totals[1] > 0 {
        chart = chart.child(el("path").class("curve new").attr("d", steps(1)));
    }
    for bin in bins {
        let (left, width) = (x(bin.low_ns), x(bin.high_ns) - x(bin.low_ns));
        let told = |side: usize| match totals[side] {
            0 => "no calls".to_owned(),
            _ => units::share(share(bin, side)),
        };
        let text = format!("{} to {}: old {}, new {}", setting(bin.low_ns), setting(bin.high_ns), told(0), told(1));
        chart = chart.child(rectangle("hit", [left, top, width, bottom - top]).child(el("title").text(text)));
    }
    Some(chart)
}

/// Which side is which.
pub fn legend() -> Element {
    let old = entry(rectangle("area", [1.0, 1.0, 12.0, 12.0]), "old");
    let new = long_entry(line("curve new", [0.0, 7.0, 30.0, 7.0]), "new");
    el("p").class("legend").child(old).child(new)
}
