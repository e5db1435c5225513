//! Calls that had not returned when the window closed, or were stuck when it opened.

use super::{Report, name, tid, tid_heading};
use crate::{
    model::{InFlight, SyscallRecord},
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name, Word},
            Columns,
        },
    },
    units::{counted, duration},
};

pub fn list(report: &Report, syscall: &SyscallRecord) -> String {
    if syscall.in_flight.is_empty() {
        return String::new();
    }
    let mut headings =
        vec![(tid_heading(report), Figure), ("thread", Name), ("role", Word), ("in flight", Word), ("", Word)];
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let (shown, hidden) = syscall.in_flight.split_at(syscall.in_flight.len().min(report.style.top));
    for call in shown {
        let tint = (call.waits_for_disk == Some(true)).then_some(Tint::Disk);
        let thread = &call.thread;
        let words = [tid(report, thread), name(thread), thread.role.label().into(), since(call), state(call)];
        let host = report.host(thread.hostname.as_deref());
        list.row(host.into_iter().chain(words).collect::<Vec<_>>(), tint);
    }
    if !hidden.is_empty() {
        let on_disk = hidden.iter().filter(|call| call.waits_for_disk == Some(true)).count() as u64;
        let more = format!("and {}", counted(hidden.len() as u64, "more call", "more calls"));
        let state = format!("{} for the disk", counted(on_disk, "waits", "wait"));
        let words = ["…".into(), more, String::new(), String::new(), state];
        let cells = report.host(None).into_iter().chain(words);
        list.row(cells.collect::<Vec<_>>(), (on_disk > 0).then_some(Tint::Disk));
    }
    list.render(2, report.style.width, report.paint)
}

fn since(call: &InFlight) -> String {
    match call.since_ns {
        Some(ns) => format!("{} so far", duration(ns)),
        None => "since before the window".into(),
    }
}

fn state(call: &InFlight) -> String {
    match (call.returned_at_ns, call.waits_for_disk) {
        (Some(at_ns), _) => format!("returned at {}", duration(at_ns)),
        (None, Some(true)) => "waits for the disk".into(),
        (None, Some(false)) => "waits, not for the disk".into(),
        (None, None) => String::new(),
    }
}
