//! Calls that had not returned when the window closed, or were stuck when it opened.

use super::{Report, tid, tid_heading};
use crate::{
    model::{InFlight, SyscallRecord},
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name, Word},
            Columns,
        },
        escape::escape,
        units::{count, duration},
    },
};

pub fn list(report: &Report, syscall: &SyscallRecord) -> String {
    if syscall.in_flight.is_empty() {
        return String::new();
    }
    let mut list = Columns::new(&[
        (tid_heading(report), Figure),
        ("thread", Name),
        ("role", Word),
        (&format!("{} in flight", escape(&syscall.name)), Word),
    ]);
    let (shown, hidden) = syscall.in_flight.split_at(syscall.in_flight.len().min(report.style.top));
    for call in shown {
        let name = escape(&call.thread.name);
        let tint = (call.waits_for_disk == Some(true)).then_some(Tint::Disk);
        list.row([tid(report, &call.thread), name, call.thread.role.label().into(), state(call)], tint);
    }
    if !hidden.is_empty() {
        let calls = if hidden.len() == 1 { "call" } else { "calls" };
        let on_disk = hidden.iter().filter(|call| call.waits_for_disk == Some(true)).count() as u64;
        let rest = format!("{} more {calls}, {} waiting for the disk", count(hidden.len() as u64), count(on_disk));
        list.row(["…".into(), String::new(), String::new(), rest], (on_disk > 0).then_some(Tint::Disk));
    }
    list.render(2, report.style.width, report.paint)
}

fn state(call: &InFlight) -> String {
    let since = match (call.since_ns, call.returned_at_ns) {
        (Some(ns), _) => format!("for {} so far", duration(ns)),
        (None, None) => "since before the window".into(),
        (None, Some(at_ns)) => return format!("since before the window, returned {} into it", duration(at_ns)),
    };
    let wait = match call.waits_for_disk {
        Some(true) => ", waits for the disk",
        Some(false) => ", waits, not for the disk",
        None => "",
    };
    since + wait
}
