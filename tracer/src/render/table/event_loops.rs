//! The event loops: how busy they were, how long their turns took, and who waited behind.

use super::{Report, name, tid, tid_heading};
use crate::{
    model::{EventLoop, Histogram},
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name},
            Columns,
        },
        percentile::{merged, of_buckets},
    },
    units::{NO_VALUE, count, counted, latency, percent},
};

/// The list of event loops; empty if there are none.
pub fn section(report: &Report) -> String {
    let loops = &report.recording.event_loops;
    if loops.is_empty() {
        return String::new();
    }
    let mut headings = vec![
        (tid_heading(report), Figure),
        ("event loop", Name),
        ("turns", Figure),
        ("busy", Figure),
        ("on disk", Figure),
        ("turn p99", Figure),
        ("max", Figure),
        ("behind", Figure),
    ];
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let (shown, hidden) = loops.split_at(loops.len().min(report.style.top));
    for row in shown {
        let words = [tid(report, &row.thread), name(&row.thread)];
        add(&mut list, report.host(row.thread.hostname.as_deref()), words, std::slice::from_ref(row));
    }
    if !hidden.is_empty() {
        let more = format!("and {}", counted(hidden.len() as u64, "more event loop", "more event loops"));
        add(&mut list, report.host(None), ["…".into(), more], hidden);
    }
    list.render(2, report.style.width, report.paint)
}

/// A row for some event loops together.
fn add(list: &mut Columns, host: Option<String>, words: [String; 2], loops: &[EventLoop]) {
    let sum = |of: fn(&EventLoop) -> Option<u64>| {
        let figures: Option<Vec<_>> = loops.iter().map(of).collect();
        figures.map(|figures| figures.into_iter().fold(0, u64::saturating_add))
    };
    let or_none = |value: Option<String>| value.unwrap_or_else(|| NO_VALUE.into());
    let lived_ns = sum(|row| Some(row.waiting_ns?.saturating_add(row.busy_ns?)));
    let share = |ns: Option<u64>| or_none(ns.zip(lived_ns).map(|(ns, of_ns)| percent(ns, of_ns)));
    let disk_waits = sum(|row| Some(row.disk_waits)).unwrap_or(0);
    let max_ns = loops.iter().filter_map(|row| row.turn_latency.as_ref()?.max_ns()).max();
    let figures = [
        or_none(sum(|row| row.turns).map(count)),
        share(sum(|row| row.busy_ns)),
        share(sum(|row| Some(row.disk_wait_ns))),
        or_none(percentile(loops, |row| row.turn_latency.as_ref(), 990).map(latency)),
        or_none(max_ns.map(latency)),
        behind(sum(|row| row.behind), loops),
    ];
    let cells = host.into_iter().chain(words).chain(figures);
    list.row(cells.collect::<Vec<_>>(), (disk_waits > 0).then_some(Tint::Disk));
}

/// A percentile of the turns of some event loops together, in thousandths; `None` if it is not known.
pub fn percentile(loops: &[EventLoop], of: fn(&EventLoop) -> Option<&Histogram>, per_mille: u32) -> Option<u64> {
    let turns: Option<Vec<_>> = loops.iter().map(of).collect();
    let turns = turns?;
    let max_ns = turns.iter().filter_map(|histogram| histogram.max_ns()).max()?;
    of_buckets(&merged(turns.into_iter()), per_mille).map(|ns| ns.min(max_ns))
}

/// How many connections waited; `≥` if there may have been more.
pub fn behind(connections: Option<u64>, loops: &[EventLoop]) -> String {
    let Some(connections) = connections else { return NO_VALUE.into() };
    let at_least = loops.iter().any(|row| row.behind_capped.is_some_and(|calls| calls > 0));
    format!("{}{}", if at_least { "≥ " } else { "" }, count(connections))
}
