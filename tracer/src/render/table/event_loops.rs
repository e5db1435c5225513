//! The event loops: how busy they were, how long their turns took, and who waited behind.

use super::Report;
use crate::{
    model::EventLoop,
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name},
            Columns,
        },
        facts::thread_name,
        findings::behind,
        percentile::of_turns,
    },
    units::{NO_VALUE, count, counted, latency, percent},
};

/// The list of event loops; empty if there are none.
pub fn section(report: &Report) -> String {
    let loops = &report.recording.event_loops;
    if loops.is_empty() {
        return String::new();
    }
    let mut list = Columns::new(&[
        (report.tid_heading(), Figure),
        ("event loop", Name),
        ("turns", Figure),
        ("busy", Figure),
        ("on disk", Figure),
        ("turn p99", Figure),
        ("max", Figure),
        ("behind", Figure),
    ]);
    let (shown, hidden) = loops.split_at(loops.len().min(report.style.top));
    for row in shown {
        add(&mut list, [report.tid(&row.thread), thread_name(&row.thread)], std::slice::from_ref(row));
    }
    if !hidden.is_empty() {
        let more = format!("and {}", counted(hidden.len() as u64, "more event loop", "more event loops"));
        add(&mut list, ["…".into(), more], hidden);
    }
    list.render(2, report.style.width, report.paint)
}

/// A row for some event loops together.
fn add(list: &mut Columns, [id, name]: [String; 2], loops: &[EventLoop]) {
    let sum = |of: fn(&EventLoop) -> Option<u64>| {
        let figures: Option<Vec<_>> = loops.iter().map(of).collect();
        figures.map(|figures| figures.into_iter().fold(0, u64::saturating_add))
    };
    let or_none = |value: Option<String>| value.unwrap_or_else(|| NO_VALUE.into());
    let lived_ns = sum(|row| Some(row.waiting_ns?.saturating_add(row.busy_ns?)));
    let share = |ns: Option<u64>| or_none(ns.zip(lived_ns).map(|(ns, of_ns)| percent(ns, of_ns)));
    let disk_waits = sum(|row| Some(row.disk_waits)).unwrap_or(0);
    let max_ns = loops.iter().filter_map(|row| row.turn_latency.as_ref()?.max_ns()).max();
    let cells = [
        id,
        name,
        or_none(sum(|row| row.turns).map(count)),
        share(sum(|row| row.busy_ns)),
        share(sum(|row| Some(row.disk_wait_ns))),
        or_none(of_turns(loops, |row| row.turn_latency.as_ref(), 990).map(latency)),
        or_none(max_ns.map(latency)),
        behind(sum(|row| row.behind), loops),
    ];
    list.row(cells, (disk_waits > 0).then_some(Tint::Disk));
}
