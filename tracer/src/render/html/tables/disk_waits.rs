//! Disk waits of each thread, in any system call and in page faults.

use super::thread_columns;
use crate::{
    model::ThreadRecord,
    render::html::{
        facts::{Facts, call},
        listing::{Cell, Listing, ROWS_MAX, column, sum, worst},
        section::Section,
    },
    units::{count, counted, duration},
};

/// So many system calls are named in a row.
const NAMED: usize = 4;

/// Threads that waited for the disk.
pub fn section(facts: &Facts) -> Option<Section> {
    let waits = |row: &&ThreadRecord| row.disk_waits > 0 || row.still_waiting.is_some();
    let rows: Vec<_> = facts.recording.threads.iter().filter(waits).collect();
    let all = rows.len() as u64;
    let rows = worst(rows, ROWS_MAX, |row| (row.still_waiting.is_some(), row.disk_wait_ns), |_| false);
    if rows.shown.is_empty() {
        return None;
    }
    let mut columns = thread_columns(facts, |row: &&ThreadRecord| &row.thread);
    columns.push(column("disk_waits", "Disk waits", |row: &&ThreadRecord| Cell::count(row.disk_waits)));
    columns.push(column("disk_wait_ns", "Waited", |row: &&ThreadRecord| super::time(row.disk_wait_ns)));
    columns
        .push(column("disk_wait_max_ns", "Longest", |row: &&ThreadRecord| Cell::known(row.disk_wait_max_ns, duration)));
    columns.push(column("by_syscall", "In", |row: &&ThreadRecord| places(row)));
    columns.push(column("still_waiting", "Still waiting", |row: &&ThreadRecord| match &row.still_waiting {
        Some(wait) => Cell::Text(format!("{} in {}", duration(wait.since_ns), call(&wait.name))),
        None => Cell::Absent,
    }));
    let mut section = Section::new("disk-waits", "Disk waits");
    section.note("In all system calls, traced or not, and in page faults.".into());
    if !rows.hidden.is_empty() {
        section.note(format!(
            "The worst {} of {} are listed. The others waited {}.",
            count(rows.shown.len() as u64),
            counted(all, "thread", "threads"),
            duration(sum(&rows.hidden, |row| row.disk_wait_ns)),
        ));
    }
    let listing = Listing {
        id: "disk-waits-table",
        caption: "Threads that waited for the disk, in any system call",
        row: ("thread", "threads"),
        sorted_by: "disk_wait_ns",
    };
    section.add(listing.render(&columns, &rows.shown, |_| false));
    Some(section)
}

/// The calls that it waited in longest, each with its time.
fn places(row: &ThreadRecord) -> Cell {
    let Some(waits) = &row.by_syscall else { return Cell::Absent };
    let named = waits.iter().take(NAMED).map(|waits| format!("{} {}", call(&waits.name), duration(waits.disk_wait_ns)));
    let more = (waits.len() > NAMED).then(|| "…".to_owned());
    Cell::Text(named.chain(more).collect::<Vec<_>>().join(", "))
}
