//! The event loops: turns, what blocked them, who waited behind.

use super::{thread_columns, time};
use crate::{
    model::{EventLoop, Histogram},
    render::html::{
        facts::{Facts, call, identity},
        listing::{Cell, Listing, ROWS_MAX, column, sum, worst},
        section::Section,
    },
    units::{count, counted, duration, latency, percent},
};

/// So many system calls are named in a row.
const NAMED: usize = 3;

/// The event loops of the target.
pub fn section(facts: &Facts) -> Option<Section> {
    let all = facts.recording.event_loops.len() as u64;
    let rows: Vec<_> = facts.recording.event_loops.iter().collect();
    let badness = |row: &&EventLoop| (facts.blocked.contains(&identity(&row.thread)), row.disk_wait_ns, row.busy_ns);
    let rows = worst(rows, ROWS_MAX, badness, |_| false);
    if rows.shown.is_empty() {
        return None;
    }
    let known = facts.knows_disk_waits;
    let disk = move |figure: u64| known.then_some(figure);
    let percentile = |of: fn(&EventLoop) -> Option<&Histogram>, per_mille| {
        move |row: &&EventLoop| Cell::some(of(row).and_then(|turns| turns.percentile(per_mille)), latency)
    };
    let mut columns = thread_columns(facts, |row: &&EventLoop| &row.thread);
    // All of them are event loops.
    columns.pop();
    columns.push(column("blocked", "Verdict", |row: &&EventLoop| {
        let is_blocked = facts.blocked.contains(&identity(&row.thread));
        Cell::Text(
            if is_blocked {
                "blocked"
            } else if known {
                "clear"
            } else {
                "unknown"
            }
            .into(),
        )
    }));
    columns.push(column("disk_waits", "Disk waits", move |row: &&EventLoop| Cell::known(disk(row.disk_waits), count)));
    columns
        .push(column("disk_wait_ns", "Waited", move |row: &&EventLoop| Cell::known(disk(row.disk_wait_ns), duration)));
    columns.push(column("by_syscall", "In", |row: &&EventLoop| places(row)));
    columns.push(column("behind", "Waited behind", |row: &&EventLoop| behind(row)));
    columns.push(column("behind_max", "Worst call", |row: &&EventLoop| Cell::some(row.behind_max, count)));
    columns.push(column("watched", "Watches", |row: &&EventLoop| Cell::known(row.watched, count)));
    columns.push(column("turns", "Turns", |row: &&EventLoop| Cell::some(row.turns, count)));
    columns.push(column("busy_ns", "Busy", |row: &&EventLoop| busy(row)));
    columns.push(column("turn_p50", "Turn p50", percentile(|row| row.turn_latency.as_ref(), 500)));
    columns.push(column("turn_p99", "Turn p99", percentile(|row| row.turn_latency.as_ref(), 990)));
    columns.push(column("turn_p999", "Turn p99.9", percentile(|row| row.turn_latency.as_ref(), 999)));
    columns.push(column(
        "turn_p999_without_disk",
        "p99.9 without disk",
        percentile(|row| row.turn_latency_without_disk.as_ref(), 999),
    ));
    columns.push(column("worst_turn", "Longest turn", |row: &&EventLoop| {
        row.worst_turn.as_ref().map_or(Cell::Absent, |turn| time(turn.ns))
    }));

    let mut section = Section::new("event-loops", "Event loops");
    section.note(
        "A turn is from the return of the loop's readiness wait to the next one. While it waits for the disk, everybody \
         it serves waits behind it."
            .into(),
    );
    if !rows.hidden.is_empty() {
        section.note(format!(
            "The worst {} of {} are listed. The others waited {} for the disk.",
            count(rows.shown.len() as u64),
            counted(all, "event loop", "event loops"),
            duration(sum(&rows.hidden, |row| row.disk_wait_ns)),
        ));
    }
    let listing = Listing {
        id: "event-loops-table",
        caption: "Event loops, what blocked them on disk, and who waited behind",
        row: ("event loop", "event loops"),
        sorted_by: "disk_wait_ns",
    };
    section.add(listing.render(&columns, &rows.shown, |row| facts.blocked.contains(&identity(&row.thread))));
    Some(section)
}

/// The calls that it waited in longest.
fn places(row: &EventLoop) -> Cell {
    let mut names: Vec<_> = row.by_syscall.iter().take(NAMED).map(|waits| call(&waits.name)).collect();
    if row.by_syscall.len() > NAMED {
        names.push("…".into());
    }
    if names.is_empty() { Cell::Absent } else { Cell::Text(names.join(", ")) }
}

/// Connections that waited; `≥` if there may have been more.
fn behind(row: &EventLoop) -> Cell {
    let Some(connections) = row.behind else { return Cell::Unknown };
    let at_least = row.behind_capped.is_some_and(|calls| calls > 0);
    Cell::Figure(connections, format!("{}{}", if at_least { "≥ " } else { "" }, count(connections)))
}

/// The share of its time that it worked; sorted by the time.
fn busy(row: &EventLoop) -> Cell {
    match row.busy_ns.zip(row.waiting_ns) {
        Some((busy, waiting)) => Cell::Figure(busy, percent(busy, busy.saturating_add(waiting))),
        None => Cell::Absent,
    }
}
