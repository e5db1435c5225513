//! The sections that are drawn: latency over time, percentiles, where the time went.

use super::{
    charts::{Caption, heat_map::heat_map, percentiles, time},
    facts::{Facts, label, latency},
    listing::{Cell, Listing, column},
    markup::{Element, el},
    section::Section,
    tables::intervals,
    timeline::{SLICES_MAX, slices},
};
use crate::{
    model::{Histogram, SyscallRecord, TimeNs},
    render::hosts,
    units::{count, counted, duration, percent},
};

/// System calls that charts are drawn for.
const CHARTS_MAX: usize = 6;

/// Said where there are more.
fn busiest_only(section: &mut Section, calls: usize) {
    if calls > CHARTS_MAX {
        section.note(format!(
            "Drawn for the {CHARTS_MAX} system calls with most calls; the other {} are in the tables.",
            count((calls - CHARTS_MAX) as u64)
        ));
    }
}

/// Latency over time.
pub fn over_time(facts: &Facts) -> Option<Section> {
    let calls = facts.busiest();
    if calls.is_empty() {
        return None;
    }
    let mut section = Section::new("over-time", "Latency over time");
    let intervals = facts.recording.intervals.len();
    if intervals == 0 {
        section.note("The recording has no intervals, so nothing is known of how the latency went over time.".into());
        return Some(section);
    }
    section.note(
        "Each cell holds the calls that returned in that piece of the window and took that long: the stronger its colour, \
         the more. A diamond: some of them were disk-blocked."
            .into(),
    );
    if hosts::are_several(facts.recording) {
        section.note("A column is the sum over the hosts that were measured at the time.".into());
    }
    if intervals > SLICES_MAX {
        let intervals = counted(intervals as u64, "interval", "intervals");
        section.note(format!("{intervals} of the recording are put together to at most {SLICES_MAX} columns."));
    }
    busiest_only(&mut section, calls.len());
    let several = calls.len() > 1;
    for (index, syscall) in calls.into_iter().take(CHARTS_MAX).enumerate() {
        let slices =
            slices(&facts.recording.intervals, |row| row.name == syscall.name && row.direction == syscall.direction);
        let (name, id) = (label(syscall), format!("heat-{index}"));
        let worst = slices.iter().max_by_key(|slice| slice.disk_wait_ns).filter(|slice| slice.disk_wait_ns > 0);
        let description = format!(
            "{} in {}. {}",
            counted(slices.iter().fold(0, |sum, slice| sum.saturating_add(slice.calls)), "call", "calls"),
            counted(slices.len() as u64, "column", "columns"),
            worst.map_or_else(
                || "No disk wait in any of them.".into(),
                |slice| format!(
                    "Most waiting for the disk between {} and {}: {}.",
                    duration(slice.at_ns),
                    duration(slice.end_ns),
                    duration(slice.disk_wait_ns)
                )
            )
        );
        let title = format!("Latency of {name} over time");
        let caption = Caption { id: &id, title: &title, description: &description };
        let Some((chart, legend)) = heat_map(&caption, &slices, facts.recording.threshold_ns) else { continue };
        let figure = el("figure").class("wide");
        let figure = if several { figure.child(el("h3").text(&name)) } else { figure };
        let table = intervals::table(facts, &format!("{id}-table"), &name, &slices);
        section.add(figure.child(el("div").class("chart").child(chart)).child(legend).child(table));
    }
    Some(section)
}

/// Percentiles with and without disk waits.
pub fn by_percentile(facts: &Facts) -> Option<Section> {
    let calls = facts.busiest();
    if calls.is_empty() {
        return None;
    }
    let mut section = Section::new("percentiles", "Percentiles");
    if !facts.knows_disk_waits {
        section.warn("Disk waits were not observed: the curve without them is unknown.".into());
    } else if calls.iter().any(|syscall| syscall.disk_blocked > 0) {
        section.note(
            "The curve without the disk waits takes each call's disk waits off its latency: the tail as it would be, to \
             first order; what queued behind them is not modelled."
                .into(),
        );
    } else {
        section.note("No call waited for the disk: without disk waits the curves would be the same.".into());
    }
    busiest_only(&mut section, calls.len());
    let figures = calls.into_iter().take(CHARTS_MAX).enumerate().filter_map(|(index, syscall)| {
        let without = (facts.knows_disk_waits && syscall.disk_blocked > 0).then_some(&syscall.without_disk);
        let (name, id) = (label(syscall), format!("percentiles-{index}"));
        let title = format!("Latency of {name} by percentile");
        let at = |histogram: &Histogram, per_mille| latency(histogram.percentile(per_mille));
        let description = format!(
            "99.9 % of the calls took {} or less{}.",
            at(&syscall.latency, 999),
            without.map_or_else(String::new, |rest| format!(", {} without the disk waits", at(rest, 999)))
        );
        let caption = Caption { id: &id, title: &title, description: &description };
        let chart = percentiles::percentiles(&caption, &syscall.latency, without)?;
        let table = percentile_table(&id, syscall, without);
        Some(
            el("figure").child(el("h3").text(&name)).child(el("div").class("chart").child(chart)).child(
                el("div")
                    .class("beside")
                    .children(without.map(|_| percentiles::legend()))
                    .child(el("div").class("scroll").child(table)),
            ),
        )
    });
    let figures: Vec<_> = figures.collect();
    let class = if figures.len() == 1 { "single" } else { "pair" };
    section.add(el("div").class(class).children(figures));
    Some(section)
}

/// The percentiles of a curve in figures.
fn percentile_table(id: &str, syscall: &SyscallRecord, without: Option<&Histogram>) -> Element {
    const SHOWN: [(&str, u32); 4] = [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999)];
    let heads = SHOWN.iter().map(|&(head, _)| head).chain(["max"]);
    let head = el("tr").child(el("td"));
    let head = head.children(heads.map(|head| el("th").class("figure").attr("scope", "col").text(head)));
    let row = |name: &str, histogram: &Histogram| {
        let figures = SHOWN.iter().map(|&(_, per_mille)| histogram.percentile(per_mille)).chain([histogram.max_ns()]);
        let cells = figures.map(|ns| {
            let cell = el("td").class("figure");
            let cell = ns.into_iter().fold(cell, |cell, ns| cell.attr("data-v", ns));
            cell.text(latency(ns))
        });
        el("tr").child(el("th").attr("scope", "row").text(name)).children(cells.collect::<Vec<_>>())
    };
    let rows = [Some(row(percentiles::ALL, &syscall.latency)), without.map(|rest| row(percentiles::WITHOUT, rest))];
    let caption = format!("Percentiles of {}", label(syscall));
    el("table")
        .class("plain")
        .attr("id", format!("{id}-table"))
        .child(el("caption").class("unseen").text(caption))
        .child(el("thead").child(head))
        .child(el("tbody").children(rows.into_iter().flatten()))
}

/// Where the time went.
pub fn where_time_went(facts: &Facts) -> Option<Section> {
    let calls = facts.busiest();
    if calls.is_empty() {
        return None;
    }
    let mut section = Section::new("time", "Where the time went");
    if !facts.knows_disk_waits {
        section.warn("Disk waits were not observed: how the time divides is unknown.".into());
        return Some(section);
    }
    section.note("All calls' latency, split into its four parts. Each bar is the whole of its own calls.".into());
    busiest_only(&mut section, calls.len());
    let mut rows: Vec<(String, TimeNs)> = calls.iter().map(|syscall| (label(syscall), syscall.time_ns)).collect();
    rows.retain(|(_, parts)| time::total(parts) > 0);
    let drawn = &rows[..rows.len().min(CHARTS_MAX)];
    let told = drawn.iter().map(|(name, parts)| {
        let disk = percent(parts.disk, time::total(parts));
        format!("{name}: {} in all, {disk} of it waiting for the disk.", duration(time::total(parts)))
    });
    let description = told.collect::<Vec<_>>().join(" ");
    let caption = Caption { id: "time-parts", title: "Where the time of the calls went", description: &description };
    let chart = el("div").class("chart").child(time::bars(&caption, drawn));
    section.add(el("figure").class("wide").child(chart).child(time::legend("time-parts")));
    section.add(parts_table(&rows));
    Some(section)
}

/// The parts in figures.
fn parts_table(rows: &[(String, TimeNs)]) -> Element {
    type Row = (String, TimeNs);
    let part = |of: fn(&TimeNs) -> u64| {
        move |row: &Row| {
            let ns = of(&row.1);
            let share = percent(ns, time::total(&row.1));
            Cell::Figure(ns, if ns == 0 { duration(0) } else { format!("{} ({share})", duration(ns)) })
        }
    };
    let columns = [
        column("name", "Call", |row: &Row| Cell::Text(row.0.clone())),
        column("on_cpu", "On CPU", part(|time| time.on_cpu)),
        column("disk", "Disk", part(|time| time.disk)),
        column("runqueue", "Run queue", part(|time| time.runqueue)),
        column("other", "Other wait", part(|time| time.other)),
        column("total", "In all", |row: &Row| {
            let total_ns = time::total(&row.1);
            Cell::Figure(total_ns, duration(total_ns))
        }),
    ];
    let listing = Listing {
        id: "time-table",
        caption: "Parts of the calls' latency",
        row: ("system call", "system calls"),
        sorted_by: "",
    };
    listing.render(&columns, rows, |_| false)
}
