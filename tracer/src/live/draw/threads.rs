//! The threads, those that waited longest for the disk first unless somebody wants it otherwise.

use ratatui::text::Line;

use super::{
    list::{Column, Kind, Row, list},
    pen::Pen,
};
use crate::{
    live::{
        seen::{Seen, ThreadRow, id_of},
        view::{Sort, View},
    },
    render::{
        color::Tint,
        columns::time,
        facts::{self, UNKNOWN, thread_name},
    },
    units::{NO_VALUE, count, latency},
};

/// Heading, layout, weight, and what sorts by it.
const COLUMNS: [(&str, Kind, u8, Option<Sort>); 10] = [
    ("tid", Kind::Figure, 9, Some(Sort::Tid)),
    ("thread", Kind::Name, 10, Some(Sort::Name)),
    ("role", Kind::Word, 5, None),
    ("on disk", Kind::Figure, 8, Some(Sort::Waited)),
    ("last 10 s", Kind::Figure, 7, None),
    ("blocked", Kind::Figure, 6, Some(Sort::DiskBlocked)),
    ("calls", Kind::Figure, 3, Some(Sort::Calls)),
    ("p99", Kind::Figure, 2, Some(Sort::P99)),
    ("max", Kind::Figure, 1, Some(Sort::Max)),
    ("behind", Kind::Figure, 4, Some(Sort::Behind)),
];

/// The panel, of `rows` lines.
pub fn threads(seen: &Seen, view: &View, pen: Pen, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let all = view.rows(seen);
    let room = rows.saturating_sub(2);
    let chosen = all.iter().position(|row| Some(id_of(&row.thread)) == view.chosen);
    // The chosen one stays in sight.
    let from = chosen.map_or(0, |at| (at + 1).saturating_sub(room));
    let shown: Vec<_> = all.iter().skip(from).take(room).copied().collect();
    let note = match all.len() {
        0 => String::new(),
        number => {
            format!("{}–{} of {}", count(from as u64 + 1), count((from + shown.len()) as u64), count(number as u64))
        }
    };
    let mut lines = vec![pen.title(&title(view), &note, columns)];
    if all.is_empty() {
        let why = match (view.filter.is_empty(), seen.threads.is_empty()) {
            (false, false) => "no thread matches the filter; Esc shows all",
            _ => "no thread of the target has called, waited for the disk or for events yet",
        };
        lines.push(pen.line(Tint::Faint, &format!(" {why}"), columns));
        return lines;
    }
    let headings = COLUMNS.map(|(heading, kind, weight, sort)| {
        let arrow = if view.is_reversed { "▴" } else { "▾" };
        let heading = if heading == "tid" { facts::tid_heading(&seen.recording) } else { heading };
        let heading = if sort == Some(view.sort) { format!("{heading}{arrow}") } else { heading.into() };
        Column { heading, kind, weight }
    });
    let rows: Vec<_> = shown.into_iter().map(|row| cells(seen, view, row)).collect();
    lines.extend(list(&headings, &rows, pen, columns));
    lines
}

fn title(view: &View) -> String {
    let by = match view.sort {
        Sort::Waited => "time on disk",
        Sort::DiskBlocked => "disk-blocked calls",
        Sort::Calls => "calls",
        Sort::P99 => "p99",
        Sort::Max => "longest call",
        Sort::Behind => "connections behind",
        Sort::Tid => "id",
        Sort::Name => "name",
    };
    let order = if view.is_reversed { ", reversed" } else { "" };
    format!("threads by {by}{order}")
}

fn cells(seen: &Seen, view: &View, row: &ThreadRow) -> Row {
    let or_none = |ns: Option<u64>| ns.map_or_else(|| NO_VALUE.into(), latency);
    let knows = facts::knows_disk_waits(&seen.recording);
    let disk = |figure: String| if knows { figure } else { UNKNOWN.into() };
    let now = if row.waits_now { "! " } else { "" };
    Row {
        cells: vec![
            facts::tid(&seen.recording, &row.thread),
            thread_name(&row.thread),
            row.thread.role.label().into(),
            disk(format!("{now}{}", time(row.waited_ns))),
            row.recent_ns.map_or_else(|| NO_VALUE.into(), |ns| disk(time(ns))),
            disk(count(row.disk_blocked)),
            count(row.calls),
            or_none(row.p99_ns),
            or_none(row.max_ns),
            row.behind.map_or_else(|| NO_VALUE.into(), count),
        ],
        is_chosen: Some(id_of(&row.thread)) == view.chosen,
        tint: (row.waited_ns > 0).then_some(Tint::Disk),
    }
}
