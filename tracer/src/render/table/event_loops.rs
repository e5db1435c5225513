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
        facts::{sum, thread_name},
        loops::{HEADINGS, figures},
    },
    units::counted,
};

/// The list of event loops; empty if there are none.
pub fn section(report: &Report) -> String {
    let loops = &report.recording.event_loops;
    if loops.is_empty() {
        return String::new();
    }
    let words = [(report.tid_heading(), Figure), ("event loop", Name)];
    let host = report.host_column();
    let headings: Vec<_> = host.into_iter().chain(words).chain(HEADINGS.map(|heading| (heading, Figure))).collect();
    let mut list = Columns::new(&headings);
    let mut add = |host: Option<String>, words: [String; 2], loops: &[EventLoop]| {
        let cells: Vec<_> = host.into_iter().chain(words).chain(figures(report.recording, loops)).collect();
        list.row(cells, (sum(loops, |row| row.disk_waits) > 0).then_some(Tint::Disk));
    };
    let (shown, hidden) = loops.split_at(loops.len().min(report.style.top));
    for row in shown {
        let host = report.host(row.thread.hostname.as_deref());
        add(host, [report.tid(&row.thread), thread_name(&row.thread)], std::slice::from_ref(row));
    }
    if !hidden.is_empty() {
        let more = format!("and {}", counted(hidden.len() as u64, "more event loop", "more event loops"));
        add(report.host(None), ["…".into(), more], hidden);
    }
    list.render(2, report.style.width, report.paint)
}
