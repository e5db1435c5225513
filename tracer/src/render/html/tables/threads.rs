//! What each thread did with each system call.

use super::{call_column, disk_columns, pages, size, thread_columns};
use crate::{
    model::ThreadCalls,
    render::html::{
        facts::{Facts, label},
        listing::{Cell, Listing, ROWS_MAX, column, sum, worst},
        section::Section,
    },
    units::{count, counted, duration, latency},
};

struct Row<'a> {
    call: String,
    row: &'a ThreadCalls,
}

/// The threads that made traced calls.
pub fn section(facts: &Facts) -> Option<Section> {
    let calls = facts.recording.syscalls.iter();
    let rows: Vec<_> =
        calls.flat_map(|syscall| syscall.threads.iter().map(|row| Row { call: label(syscall), row })).collect();
    let all = rows.len() as u64;
    let badness = |row: &Row| (row.row.disk_wait_ns, row.row.slow, row.row.max_ns, row.row.calls);
    let rows = worst(rows, ROWS_MAX, badness, |_| false);
    let mut columns = thread_columns(facts, |row: &Row| &row.row.thread);
    columns.push(call_column(facts, |row: &Row| row.call.clone()));
    columns.push(column("calls", "Calls", |row: &Row| Cell::count(row.row.calls)));
    columns.push(column("bytes", "Bytes", |row: &Row| size(row.row.bytes)));
    columns.extend(disk_columns(facts, |row: &Row| row.row.disk_blocked, |row| row.row.disk_wait_ns));
    columns.push(column("slow", "Slow", |row: &Row| Cell::count(row.row.slow)));
    columns.push(column("errors", "Errors", |row: &Row| Cell::count(row.row.errors)));
    columns.push(column("cold_requested", "Cold pages", |row: &Row| pages(row.row.cold_requested)));
    columns.push(column("p50", "p50", |row: &Row| Cell::known(row.row.latency.percentile(500), latency)));
    columns.push(column("p99", "p99", |row: &Row| Cell::known(row.row.latency.percentile(990), latency)));
    columns.push(column("max_ns", "Max", |row: &Row| Cell::known(row.row.max_ns, duration)));

    let mut section = Section::new("threads", "Threads");
    if rows.shown.is_empty() {
        return None;
    }
    if !rows.hidden.is_empty() {
        let (calls, waited) = (sum(&rows.hidden, |row| row.row.calls), sum(&rows.hidden, |row| row.row.disk_wait_ns));
        section.note(format!(
            "The worst {} of {} are listed. The others made {} and waited {} for the disk.",
            count(rows.shown.len() as u64),
            counted(all, "row", "rows"),
            counted(calls, "call", "calls"),
            duration(waited),
        ));
    }
    let listing = Listing {
        id: "threads-table",
        caption: "What each thread did with the traced calls",
        row: ("thread", "threads"),
        sorted_by: "disk_wait_ns",
    };
    section.add(listing.render(&columns, &rows.shown, |row| row.row.disk_blocked > 0));
    Some(section)
}
