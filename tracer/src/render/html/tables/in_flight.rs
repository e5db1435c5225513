//! Calls that had not returned when the window closed, or were stuck when it opened.

use super::{call_column, thread_columns};
use crate::{
    model::InFlight,
    render::html::{
        facts::{Facts, label},
        listing::{Cell, Listing, ROWS_MAX, column, worst},
        section::Section,
    },
    units::{count, counted, duration},
};

struct Row<'a> {
    call: String,
    row: &'a InFlight,
}

/// Calls in flight.
pub fn section(facts: &Facts) -> Option<Section> {
    let calls = facts.recording.syscalls.iter();
    let rows: Vec<_> =
        calls.flat_map(|syscall| syscall.in_flight.iter().map(|row| Row { call: label(syscall), row })).collect();
    let all = rows.len() as u64;
    // One that began before the window has been in it longest.
    let rows = worst(rows, ROWS_MAX, |row| row.row.since_ns.unwrap_or(u64::MAX), |_| false);
    if rows.shown.is_empty() {
        return None;
    }
    let mut columns = thread_columns(facts, |row: &Row| &row.row.thread);
    columns.push(call_column(facts, |row: &Row| row.call.clone()));
    columns.push(column("since_ns", "Since", |row: &Row| match row.row.since_ns {
        Some(since_ns) => Cell::Figure(since_ns, duration(since_ns)),
        None => Cell::Text("before the window".into()),
    }));
    columns.push(column("returned_at_ns", "Returned at", |row: &Row| Cell::some(row.row.returned_at_ns, duration)));
    columns.push(column("waits_for_disk", "When the window closed", |row: &Row| {
        match (row.row.returned_at_ns, row.row.waits_for_disk) {
            (Some(_), _) => Cell::Absent,
            (None, Some(true)) => Cell::Text("waits for the disk".into()),
            (None, Some(false)) => Cell::Text("waits for something else".into()),
            (None, None) => Cell::Text("does not sleep".into()),
        }
    }));
    let mut section = Section::new("in-flight", "Calls in flight");
    section.note("Entered or returned outside the window, and so in no figure above.".into());
    if !rows.hidden.is_empty() {
        let calls = counted(all, "call", "calls");
        section.note(format!("The longest {} of {calls} are listed.", count(rows.shown.len() as u64)));
    }
    let listing = Listing {
        id: "in-flight-table",
        caption: "Calls that had not returned when the window closed, or were stuck when it opened",
        row: ("call", "calls"),
        sorted_by: "",
    };
    section.add(listing.render(&columns, &rows.shown, |row| row.row.waits_for_disk == Some(true)));
    Some(section)
}
