//! Calls that had not returned when the window closed, or were stuck when it opened.

use super::Report;
use crate::{
    model::SyscallRecord,
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name, Word},
            Columns,
        },
        facts::{in_flight_since, in_flight_state, thread_name},
    },
    units::counted,
};

pub fn list(report: &Report, syscall: &SyscallRecord) -> String {
    if syscall.in_flight.is_empty() {
        return String::new();
    }
    let mut headings =
        vec![(report.tid_heading(), Figure), ("thread", Name), ("role", Word), ("in flight", Word), ("", Word)];
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let (shown, hidden) = syscall.in_flight.split_at(syscall.in_flight.len().min(report.style.top));
    for call in shown {
        let tint = (call.waits_for_disk == Some(true)).then_some(Tint::Disk);
        let thread = &call.thread;
        let (role, state) = (thread.role.label().into(), in_flight_state(call));
        let words = [report.tid(thread), thread_name(thread), role, in_flight_since(call), state];
        let host = report.host(thread.hostname.as_deref());
        list.row(host.into_iter().chain(words).collect::<Vec<_>>(), tint);
    }
    if !hidden.is_empty() {
        let on_disk = hidden.iter().filter(|call| call.waits_for_disk == Some(true)).count() as u64;
        let more = format!("and {}", counted(hidden.len() as u64, "more call", "more calls"));
        let state = format!("{} for the disk", counted(on_disk, "waits", "wait"));
        let words = ["…".into(), String::new(), String::new(), more, state];
        let cells: Vec<_> = report.host(None).into_iter().chain(words).collect();
        list.row(cells, (on_disk > 0).then_some(Tint::Disk));
    }
    list.render(2, report.style.width, report.paint)
}
