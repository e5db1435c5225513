//! The files of slow and disk-blocked calls.

use super::{call_column, disk_columns, host_column, size};
use crate::{
    model::{
        FileCalls, SyscallRecord,
        culprit::{NONE, OTHER},
    },
    render::html::{
        facts::{Facts, label},
        listing::{Cell, Listing, ROWS_MAX, column, sum, worst},
        section::Section,
    },
    units::{byte_range, count, counted, duration},
};

struct Row<'a> {
    call: String,
    row: &'a FileCalls,
}

/// On which files.
pub fn section(facts: &Facts) -> Option<Section> {
    let calls = facts.recording.syscalls.iter();
    let rows: Vec<_> =
        calls.flat_map(|syscall| syscall.files.iter().flatten().map(|row| Row { call: label(syscall), row })).collect();
    let all = rows.len() as u64;
    let badness = |row: &Row| (row.row.disk_wait_ns, row.row.disk_blocked, row.row.calls);
    let rows = worst(rows, ROWS_MAX, badness, |row| row.row.path == OTHER);
    let mut columns = vec![
        host_column(|row: &Row| row.row.hostname.as_deref()),
        column("path", "File", |row: &Row| path(row.row)),
        column("device", "Device", |row: &Row| match row.row.device_name.as_ref().or(row.row.device.as_ref()) {
            Some(device) => Cell::Text(device.clone()),
            None => Cell::Absent,
        }),
        call_column(facts, |row: &Row| row.call.clone()),
        column("calls", "Slow or disk-blocked", |row: &Row| Cell::count(row.row.calls)),
    ];
    columns.extend(disk_columns(facts, |row: &Row| row.row.disk_blocked, |row| row.row.disk_wait_ns));
    columns.push(column("bytes", "Bytes", |row: &Row| size(row.row.bytes)));
    columns.push(column("cold_requested", "Cold pages", |row: &Row| Cell::count(row.row.cold_requested)));
    columns.push(column("read_ahead", "Read ahead", |row: &Row| Cell::count(row.row.read_ahead)));
    columns.push(column("first_offset", "Offsets", |row: &Row| match row.row.first_offset.zip(row.row.last_offset) {
        Some((first, last)) => Cell::Figure(first, byte_range(first, last)),
        None => Cell::Unknown,
    }));
    let mut section = Section::new("files", "Files");
    section
        .note("Of slow and disk-blocked calls alone: a look at every call's descriptor would cost everybody.".into());
    let is_untold = |row: &SyscallRecord| row.files.is_none() && (row.slow > 0 || row.disk_blocked > 0);
    let unknown = facts.recording.syscalls.iter().any(is_untold);
    if unknown {
        section.warn("This kernel does not tell which files the calls read.".into());
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
        id: "files-table",
        caption: "Files of slow and disk-blocked calls",
        row: ("file", "files"),
        sorted_by: "disk_wait_ns",
    };
    if !rows.shown.is_empty() {
        section.add(listing.render(&columns, &rows.shown, |row| row.row.disk_blocked > 0));
    }
    Some(section)
}

fn path(row: &FileCalls) -> Cell {
    match row.path.as_str() {
        NONE => Cell::Text("(none: no file)".into()),
        OTHER => Cell::Text("(other: without a row of their own)".into()),
        path => Cell::Name(path.into()),
    }
}
