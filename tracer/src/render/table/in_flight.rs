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
    let mut list = Columns::new(&[
        (report.tid_heading(), Figure),
        ("thread", Name),
        ("role", Word),
        ("in flight", Word),
        ("", Word),
    ]);
    let (shown, hidden) = syscall.in_flight.split_at(syscall.in_flight.len().min(report.style.top));
    for call in shown {
        let tint = (call.waits_for_disk == Some(true)).then_some(Tint::Disk);
        let thread = &call.thread;
        list.row(
            [
                report.tid(thread),
                thread_name(thread),
                thread.role.label().into(),
                in_flight_since(call),
                in_flight_state(call),
            ],
            tint,
        );
    }
    if !hidden.is_empty() {
        let on_disk = hidden.iter().filter(|call| call.waits_for_disk == Some(true)).count() as u64;
        let more = format!("and {}", counted(hidden.len() as u64, "more call", "more calls"));
        let state = format!("{} for the disk", counted(on_disk, "waits", "wait"));
        list.row(["…".into(), String::new(), String::new(), more, state], (on_disk > 0).then_some(Tint::Disk));
    }
    list.render(2, report.style.width, report.paint)
}
