//! Latency of both sides in the same bins, and by percentile.

use super::calls::{CHARTS_MAX, Call, busiest_only};
use crate::{
    render::html::{
        charts::{
            Caption,
            bins::{Bin, overlaid},
            distribution,
            percentiles::{self, Curve},
        },
        facts::latency,
        listing::{Cell, Listing, column},
        markup::{Element, el},
        section::Section,
    },
    units::{percent, setting},
};

/// Bins for each power of two.
const PARTS: u64 = 4;

/// Both sides laid over each other, for each system call.
pub fn section(calls: &[Call]) -> Option<Section> {
    if calls.is_empty() {
        return None;
    }
    let mut section = Section::new("latency", "Latency of both sides");
    section.note(
        "All runs of a side together, in the same bins. What decides are single runs, above: a few of them may make the tail of \
         their side."
            .into(),
    );
    busiest_only(calls.len()).into_iter().for_each(|text| section.note(text));
    for (index, call) in calls.iter().take(CHARTS_MAX).enumerate() {
        let bins = overlaid([&call.sides[0], &call.sides[1]], PARTS);
        let pair = el("div").class("pair").children(by_bin(index, call, &bins)).children(by_percentile(index, call));
        if calls.len() > 1 {
            section.add(el("h3").text(&call.label));
        }
        for (side, histogram) in ["old", "new"].iter().zip(&call.sides) {
            if histogram.count() == 0 {
                section.warn(format!("The {side} runs made no {} calls: nothing is drawn of them.", call.label));
            }
        }
        section.add(pair);
        section.add(table(index, call, &bins));
    }
    Some(section)
}

fn by_bin(index: usize, call: &Call, bins: &[Bin]) -> Option<Element> {
    let id = format!("distribution-{index}");
    let title = format!("Latency of {}, old and new", call.label);
    let [old, new] = [0, 1].map(|side| latency(call.sides[side].percentile(500)));
    let description = format!("Half of the old calls took {old} or less, half of the new ones {new}.");
    let caption = Caption { id: &id, title: &title, description: &description };
    let chart = distribution::distribution(&caption, bins)?;
    Some(el("figure").child(el("div").class("chart").child(chart)).child(distribution::legend()))
}

fn by_percentile(index: usize, call: &Call) -> Option<Element> {
    let id = format!("percentiles-{index}");
    let title = format!("Latency of {} by percentile, old and new", call.label);
    let [old, new] = [0, 1].map(|side| latency(call.sides[side].percentile(999)));
    let description = format!("99.9 % of the old calls took {old} or less, of the new ones {new}.");
    let caption = Caption { id: &id, title: &title, description: &description };
    let [old, new] = [(0, "curve old"), (1, "curve new")].map(|(side, class)| {
        let histogram = &call.sides[side];
        (histogram.count() > 0).then_some(Curve { histogram, class })
    });
    let (front, behind) = match (old, new) {
        (old, Some(new)) => (new, old),
        (old, None) => (old?, None),
    };
    let chart = percentiles::curves(&caption, front, behind, false)?;
    let legend = percentiles::legend_of([("curve old", "old"), ("curve new", "new")]);
    Some(el("figure").child(el("div").class("chart").child(chart)).child(legend))
}

/// The bins in figures.
fn table(index: usize, call: &Call, bins: &[Bin]) -> Element {
    let shown = |side: usize| {
        let all = call.sides[side].count();
        move |bin: &Bin| match all {
            0 => Cell::Unknown,
            all => Cell::Figure(bin.calls[side], percent(bin.calls[side], all)),
        }
    };
    let columns = [
        column("low_ns", "From", |bin: &Bin| Cell::Figure(bin.low_ns, setting(bin.low_ns))),
        column("high_ns", "To", |bin: &Bin| Cell::Figure(bin.high_ns, setting(bin.high_ns))),
        column("old", "Old", shown(0)),
        column("new", "New", shown(1)),
    ];
    let (id, caption) = (format!("bins-{index}-table"), format!("{} by latency", call.label));
    let listing = Listing { id: &id, caption: &caption, row: ("bin", "bins"), sorted_by: "" };
    let summary = el("summary").text(format!("The figures of this chart: {caption}"));
    el("details").child(summary).child(listing.render(&columns, bins, |_| false))
}
