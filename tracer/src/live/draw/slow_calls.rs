//! Slow and disk-blocked calls as they happen.

use ratatui::text::Line;

use super::{
    list::{Column, Kind, Row, list},
    pen::Pen,
};
use crate::{
    escape::escape,
    live::{seen::Seen, view::View},
    model::SlowCallRecord,
    render::{
        color::Tint,
        columns::time,
        facts::{self, thread_name},
    },
    units::{NO_VALUE, bytes, count, duration},
};

const COLUMNS: [(&str, Kind, u8); 9] = [
    ("at", Kind::Figure, 8),
    ("tid", Kind::Figure, 4),
    ("thread", Kind::Name, 3),
    ("call", Kind::Word, 5),
    ("took", Kind::Figure, 10),
    ("on disk", Kind::Figure, 9),
    ("behind", Kind::Figure, 2),
    ("file", Kind::Path, 7),
    ("client", Kind::Path, 1),
];

/// The columns that say whose call it was.
const WHO: std::ops::Range<usize> = 1..3;

/// The panel, of `rows` lines: the newest call first.
pub fn slow_calls(seen: &Seen, view: &View, pen: Pen, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let calls = view.calls(seen);
    let title = if view.opened.is_some() {
        "its slow and disk-blocked calls, newest first"
    } else {
        "slow and disk-blocked calls, newest first"
    };
    let mut lines = vec![pen.title(title, "", columns)];
    let mut shown: Vec<_> = calls.take(rows.saturating_sub(2)).map(|call| cells(seen, call)).collect();
    if shown.is_empty() {
        lines.push(pen.line(Tint::Faint, " none yet", columns));
        return lines;
    }
    let headings = COLUMNS.map(|(heading, kind, weight)| Column { heading: heading.into(), kind, weight });
    let mut headings = headings.to_vec();
    if view.opened.is_some() {
        // Whose they are, the line above says.
        headings.drain(WHO);
        shown.iter_mut().for_each(|row| drop(row.cells.drain(WHO)));
    }
    lines.extend(list(&headings, &shown, pen, columns));
    lines
}

fn cells(seen: &Seen, call: &SlowCallRecord) -> Row {
    let path = call.path.as_deref().map_or_else(|| NO_VALUE.into(), escape);
    let path = match call.offset {
        Some(offset) if call.path.is_some() => format!("{path} @ {}", bytes(offset)),
        _ => path,
    };
    let knows = facts::knows_disk_waits(&seen.recording);
    Row {
        cells: vec![
            format!("{}.{} s", count(call.at_ns / 1_000_000_000), call.at_ns / 100_000_000 % 10),
            facts::tid(&seen.recording, &call.thread),
            thread_name(&call.thread),
            facts::call(&call.syscall),
            duration(call.latency_ns),
            if knows { time(call.disk_ns) } else { facts::UNKNOWN.into() },
            call.behind.map_or_else(|| NO_VALUE.into(), count),
            path,
            call.client.as_deref().map_or_else(|| NO_VALUE.into(), escape),
        ],
        is_chosen: false,
        tint: (call.disk_ns > 0).then_some(Tint::Disk),
    }
}
