//! The traced system calls in figures.

use super::{known_share, pages, size};
use crate::{
    model::SyscallRecord,
    render::html::{
        facts::{Facts, label},
        listing::{Cell, Listing, column},
        markup::Element,
    },
    units::{count, duration, latency, percent},
};

/// One row for each.
pub fn table(facts: &Facts) -> Element {
    let known = facts.knows_disk_waits;
    let percentile = |per_mille| move |row: &&SyscallRecord| Cell::known(row.latency.percentile(per_mille), latency);
    let columns = [
        column("name", "Call", |row: &&SyscallRecord| Cell::Text(label(row))),
        column("calls", "Calls", |row: &&SyscallRecord| Cell::count(row.calls)),
        column("bytes", "Bytes", |row: &&SyscallRecord| size(row.bytes)),
        column("p50", "p50", percentile(500)),
        column("p99", "p99", percentile(990)),
        column("p999", "p99.9", percentile(999)),
        column("max", "Max", |row: &&SyscallRecord| Cell::known(row.latency.max_ns(), latency)),
        column("disk_blocked", "Disk-blocked", move |row: &&SyscallRecord| {
            if !known {
                return Cell::Unknown;
            }
            let shown = match row.disk_blocked {
                0 => "0".into(),
                blocked => format!("{} ({})", count(blocked), percent(blocked, row.calls)),
            };
            Cell::Figure(row.disk_blocked, shown)
        }),
        column("disk_wait_ns", "Waited", move |row: &&SyscallRecord| {
            Cell::known(known.then_some(row.time_ns.disk), duration)
        }),
        column("slow", "Slow", |row: &&SyscallRecord| Cell::count(row.slow)),
        column("cold_requested", "Cold pages", |row: &&SyscallRecord| pages(row.cold_requested)),
        column("memory_share", "In memory", |row: &&SyscallRecord| known_share(row.memory_share)),
        column("errors", "Errors", |row: &&SyscallRecord| errors(row)),
    ];
    let rows: Vec<_> = facts.recording.syscalls.iter().collect();
    let listing = Listing {
        id: "syscalls-table",
        caption: "The traced system calls",
        row: ("system call", "system calls"),
        sorted_by: "",
    };
    listing.render(&columns, &rows, |row| row.disk_blocked > 0)
}

/// How many failed, and why.
fn errors(row: &SyscallRecord) -> Cell {
    let mut by_name: Vec<_> = row.errors_by_name.iter().collect();
    by_name.sort_by_key(|&(name, &number)| (std::cmp::Reverse(number), name));
    let by_name: Vec<_> = by_name.into_iter().map(|(name, &number)| format!("{name} {}", count(number))).collect();
    let shown =
        if by_name.is_empty() { count(row.errors) } else { format!("{} ({})", count(row.errors), by_name.join(", ")) };
    Cell::Figure(row.errors, shown)
}
