//! Whom slow and disk-blocked calls served.

use super::{call_column, disk_columns, host_column, size, time};
use crate::{
    model::{
        ClientCalls, SyscallRecord,
        culprit::{NONE, OTHER},
    },
    render::html::{
        facts::{Facts, label},
        listing::{Cell, Listing, ROWS_MAX, column, sum, worst},
        section::Section,
    },
    units::{count, counted, duration},
};

struct Row<'a> {
    call: String,
    row: &'a ClientCalls,
}

/// For which clients.
pub fn section(facts: &Facts) -> Option<Section> {
    let calls = facts.recording.syscalls.iter();
    let rows: Vec<_> = calls
        .flat_map(|syscall| syscall.clients.iter().flatten().map(|row| Row { call: label(syscall), row }))
        .collect();
    let all = rows.len() as u64;
    let badness = |row: &Row| (row.row.disk_wait_ns, row.row.disk_blocked, row.row.calls);
    let rows = worst(rows, ROWS_MAX, badness, |row| row.row.address == OTHER);
    let mut columns = vec![
        host_column(|row: &Row| row.row.hostname.as_deref()),
        column("address", "Client", |row: &Row| address(row.row)),
        column("label", "Label", |row: &Row| row.row.label.clone().map_or(Cell::Absent, Cell::Text)),
        call_column(facts, |row: &Row| row.call.clone()),
        column("calls", "Slow or disk-blocked", |row: &Row| Cell::count(row.row.calls)),
    ];
    columns.extend(disk_columns(facts, |row: &Row| row.row.disk_blocked, |row| row.row.disk_wait_ns));
    columns.push(column("time_ns", "Took", |row: &Row| time(row.row.time_ns)));
    columns.push(column("bytes", "Bytes", |row: &Row| size(row.row.bytes)));
    let mut section = Section::new("clients", "Clients");
    section.note("Whom slow and disk-blocked calls served. “Took” is the time that they took of their threads.".into());
    let is_untold = |row: &SyscallRecord| row.clients.is_none() && (row.slow > 0 || row.disk_blocked > 0);
    let unknown = facts.recording.syscalls.iter().any(is_untold);
    if unknown {
        section.warn("This kernel does not tell whom the calls served.".into());
    } else if rows.shown.is_empty() {
        return None;
    }
    if !rows.hidden.is_empty() {
        section.note(format!(
            "The worst {} of {} are listed. The others had {} and waited {} for the disk.",
            count(rows.shown.len() as u64),
            counted(all, "row", "rows"),
            counted(sum(&rows.hidden, |row| row.row.calls), "such call", "such calls"),
            duration(sum(&rows.hidden, |row| row.row.disk_wait_ns)),
        ));
    }
    let listing = Listing {
        id: "clients-table",
        caption: "Clients of slow and disk-blocked calls",
        row: ("client", "clients"),
        sorted_by: "disk_wait_ns",
    };
    if !rows.shown.is_empty() {
        section.add(listing.render(&columns, &rows.shown, |row| row.row.disk_blocked > 0));
    }
    Some(section)
}

fn address(row: &ClientCalls) -> Cell {
    match row.address.as_str() {
        NONE => Cell::Text("(none: no known peer)".into()),
        OTHER => Cell::Text("(other: without a row of their own)".into()),
        "unix:" => Cell::Text("unix: (no name)".into()),
        address => Cell::Name(address.into()),
    }
}
