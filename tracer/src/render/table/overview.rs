//! Several system calls at a glance: a row each, and the names of those that were not called.

use super::Report;
use crate::{
    escape::escape,
    model::SyscallRecord,
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Word},
            Columns, time,
        },
        facts::{UNKNOWN, syscall_name},
        layout::labelled_items,
    },
    units::{NO_VALUE, bytes, count, latency, percent},
};

/// A row for each system call that was called, if there are several.
pub fn rows(report: &Report, called: &[&SyscallRecord]) -> String {
    if called.len() < 2 {
        return String::new();
    }
    let mut list = Columns::new(&[
        ("", Word),
        ("calls", Figure),
        ("bytes", Figure),
        ("p50", Figure),
        ("p99", Figure),
        ("max", Figure),
        ("disk-blocked", Figure),
        ("waited", Figure),
        ("slow", Figure),
    ]);
    for syscall in called {
        let or_none = |ns: Option<u64>| ns.map_or_else(|| NO_VALUE.into(), latency);
        let disk = |figure: String| if report.knows_disk_waits() { figure } else { UNKNOWN.into() };
        let blocked = match syscall.disk_blocked {
            0 => "0".into(),
            blocked => format!("{} ({})", count(blocked), percent(blocked, syscall.calls)),
        };
        let cells = [
            syscall_name(syscall),
            count(syscall.calls),
            bytes(syscall.bytes),
            or_none(syscall.latency.percentile(500)),
            or_none(syscall.latency.percentile(990)),
            or_none(syscall.latency.max_ns()),
            disk(blocked),
            disk(time(syscall.time_ns.disk)),
            count(syscall.slow),
        ];
        list.row(cells, (syscall.disk_blocked > 0).then_some(Tint::Disk));
    }
    list.render(0, report.style.width, report.paint)
}

/// The traced system calls that nobody called, in one line.
pub fn not_called(report: &Report, quiet: &[&SyscallRecord]) -> String {
    if quiet.is_empty() {
        return String::new();
    }
    let mut names: Vec<_> = quiet.iter().map(|syscall| escape(&syscall.name)).collect();
    names.dedup();
    let mut items = vec!["not called".into()];
    items.push(names.join(", "));
    report.paint.lines(Tint::Faint, &labelled_items("traced", &items, report.style.width))
}
