//! Slow and disk-blocked calls one by one.

use super::{size, thread_columns, time};
use crate::{
    model::{Out, SlowCallRecord},
    render::html::{
        facts::{Facts, call},
        listing::{Cell, Listing, column, worst},
        section::Section,
    },
    units::{bytes, count, counted, duration, setting},
};

/// The longest so many are listed.
const CALLS_MAX: usize = 500;

/// The longest calls.
pub fn section(facts: &Facts) -> Option<Section> {
    let calls: Vec<_> = facts.recording.slow_calls.iter().collect();
    let all = calls.len() as u64;
    let calls = worst(calls, CALLS_MAX, |call| (call.latency_ns, call.at_ns), |_| false);
    if calls.shown.is_empty() {
        return None;
    }
    let known = facts.knows_disk_waits;
    let several = facts.recording.syscalls.len() > 1;
    let mut columns = vec![
        column("at_ns", "At", |row: &&SlowCallRecord| time(row.at_ns)),
        column("latency_ns", "Latency", |row: &&SlowCallRecord| time(row.latency_ns)),
        column("disk_ns", "Disk", move |row: &&SlowCallRecord| Cell::known(known.then_some(row.disk_ns), duration)),
        column("runqueue_ns", "Run queue", |row: &&SlowCallRecord| time(row.runqueue_ns)),
        column("other_ns", "Other wait", |row: &&SlowCallRecord| time(row.other_ns)),
        column("on_cpu_ns", "On CPU", |row: &&SlowCallRecord| time(row.on_cpu_ns)),
        column(
            "syscall",
            "Call",
            move |row: &&SlowCallRecord| {
                if several { Cell::Text(call(&row.syscall)) } else { Cell::Absent }
            },
        ),
        column("bytes", "Bytes", |row: &&SlowCallRecord| size(row.bytes)),
        column("error", "Error", |row: &&SlowCallRecord| row.error.clone().map_or(Cell::Absent, Cell::Text)),
        column("path", "File", |row: &&SlowCallRecord| row.path.clone().map_or(Cell::Absent, Cell::Name)),
        column("offset", "Offset", |row: &&SlowCallRecord| Cell::some(row.offset, bytes)),
        column("client", "Client", |row: &&SlowCallRecord| row.client.clone().map_or(Cell::Absent, Cell::Name)),
        column("out", "To", |row: &&SlowCallRecord| Cell::Text(out(row.out).into())),
        column("behind", "Behind", |row: &&SlowCallRecord| Cell::some(row.behind, count)),
    ];
    columns.extend(thread_columns(facts, |row: &&SlowCallRecord| &row.thread));
    let mut section = Section::new("slow-calls", "Slow calls");
    let dropped = facts.recording.losses.slow_calls_dropped;
    let happened = facts.recording.syscalls.iter().fold(0u64, |sum, row| sum.saturating_add(row.slow));
    section.note(format!(
        "{}{}, {} of the window in all were slow. A call counts as slow from {} on.",
        if calls.hidden.is_empty() {
            counted(all, "slow or disk-blocked call is listed", "slow or disk-blocked calls are listed")
        } else {
            format!("The longest {} of {} recorded calls are listed", count(calls.shown.len() as u64), count(all))
        },
        match dropped {
            0 => String::new(),
            dropped => format!(", {} had no room for a record", count(dropped)),
        },
        count(happened),
        setting(facts.recording.threshold_ns),
    ));
    let listing = Listing {
        id: "slow-calls-table",
        caption: "Slow and disk-blocked calls one by one, the longest first",
        row: ("call", "calls"),
        sorted_by: "latency_ns",
    };
    section.add(listing.render(&columns, &calls.shown, |row| row.disk_ns > 0));
    Some(section)
}

fn out(out: Out) -> &'static str {
    match out {
        Out::Socket => "socket",
        Out::Null => "/dev/null",
        Out::Pipe => "pipe",
        Out::File => "file",
        Out::Other => "other",
    }
}
