//! What the traced system calls came to so far.

use ratatui::text::Line;

use super::{
    list::{Column, Kind, Row, list},
    pen::Pen,
};
use crate::{
    live::seen::Seen,
    model::SyscallRecord,
    render::{calls::Totals, color::Tint, facts::syscall_name},
};

const COLUMNS: [(&str, Kind, u8); 10] = [
    ("", Kind::Word, 10),
    ("calls", Kind::Figure, 9),
    ("bytes", Kind::Figure, 5),
    ("p50", Kind::Figure, 3),
    ("p99", Kind::Figure, 6),
    ("p99.9", Kind::Figure, 2),
    ("max", Kind::Figure, 4),
    ("disk-blocked", Kind::Figure, 8),
    ("waited", Kind::Figure, 7),
    ("slow", Kind::Figure, 1),
];

/// A line for each system call that was called, those with most disk waits first; of `rows` lines at most.
pub fn totals(seen: &Seen, pen: Pen, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let mut calls: Vec<&SyscallRecord> = seen.recording.syscalls.iter().collect();
    calls.sort_by_key(|row| std::cmp::Reverse((row.time_ns.disk, row.calls)));
    calls.truncate(rows.saturating_sub(1));
    let rows = calls.into_iter().map(|syscall| {
        let Totals { calls, bytes, latencies: [p50, p99, p999, max], disk_blocked, waited, slow } =
            Totals::of(&seen.recording, syscall);
        Row {
            cells: vec![syscall_name(syscall), calls, bytes, p50, p99, p999, max, disk_blocked, waited, slow],
            is_chosen: false,
            tint: (syscall.disk_blocked > 0).then_some(Tint::Disk),
        }
    });
    let headings = COLUMNS.map(|(heading, kind, weight)| Column { heading: heading.into(), kind, weight });
    list(&headings, &rows.collect::<Vec<_>>(), pen, columns)
}
