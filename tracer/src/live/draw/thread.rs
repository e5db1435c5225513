//! One thread alone: its calls, where it waited for the disk, its turns, its slow calls.

use ratatui::text::Line;

use super::{
    histogram::histogram,
    minute::{Cell, Column, power},
    pen::{Pen, cut},
    slow_calls::slow_calls,
};
use crate::{
    escape::escape,
    live::{
        seen::{Seen, ThreadId, id_of},
        view::View,
    },
    model::{SyscallWaits, ThreadCalls, ThreadRecord, WorstTurn},
    render::{
        color::Tint,
        facts::{self, call, call_label, thread_name},
        layout::labelled_items,
        loops,
    },
    units::{NO_VALUE, bytes, count, counted, duration, latency},
};

/// The panels, of `rows` lines.
pub fn thread(seen: &Seen, view: &View, id: ThreadId, pen: Pen, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let Some(row) = seen.thread(id) else {
        let gone = pen.line(Tint::Warning, " nothing is known of this thread any more; Esc goes back", columns);
        return vec![pen.title(&format!("thread {}", id.1), "", columns), gone];
    };
    let title = format!("thread {} {} · {}", row.thread.tid, thread_name(&row.thread), row.thread.role.label());
    let mut lines = vec![pen.title(&title, &format!("pid {}", row.thread.pid), columns)];
    for Fact { label, items, is_disk } in facts_of(seen, id) {
        let text = labelled_items(label, &items, columns);
        lines.extend(
            text.lines()
                .map(|line| if is_disk { pen.line(Tint::Disk, line, columns) } else { cut(line, columns).into() }),
        );
    }
    lines.truncate(rows.max(1));
    let left = rows.saturating_sub(lines.len());
    let bars = latencies(seen, id);
    let for_calls = (view.calls(seen).count() + 2).min(left / 2);
    let for_bars = (bars.len() + 1).min(left - for_calls);
    if for_bars >= 3 {
        lines.extend(histogram("latency of its calls since the window opened", "", &bars, pen, columns, for_bars));
    }
    let left = rows.saturating_sub(lines.len());
    if left >= 3 {
        lines.extend(slow_calls(seen, view, pen, columns, left));
    }
    lines
}

/// A labelled line or more.
struct Fact {
    label: &'static str,
    items: Vec<String>,
    /// Whether it tells of a disk wait.
    is_disk: bool,
}

fn facts_of(seen: &Seen, id: ThreadId) -> Vec<Fact> {
    let recording = &seen.recording;
    let mut lines = Vec::new();
    for syscall in &recording.syscalls {
        let name = call_label(&syscall.name, syscall.direction.as_deref());
        let rows = syscall.threads.iter().filter(|row| id_of(&row.thread) == id);
        lines.extend(rows.map(|row| Fact { label: "calls", items: calls(&name, row), is_disk: row.disk_blocked > 0 }));
        let in_flight = syscall.in_flight.iter().filter(|row| id_of(&row.thread) == id);
        lines.extend(in_flight.map(|row| Fact {
            label: "in call",
            items: vec![format!("{name}, {}", facts::in_flight_since(row)), facts::in_flight_state(row)],
            is_disk: row.waits_for_disk == Some(true),
        }));
    }
    let waits = recording.threads.iter().find(|row| id_of(&row.thread) == id);
    let waits = waits.filter(|_| facts::knows_disk_waits(recording));
    lines.extend(waits.map(|row| Fact { label: "on disk", items: disk(row), is_disk: row.disk_waits > 0 }));
    if let Some(row) = recording.event_loops.iter().find(|row| id_of(&row.thread) == id) {
        let figures = loops::HEADINGS.iter().zip(loops::figures(recording, std::slice::from_ref(row)));
        let figures = figures.map(|(name, figure)| format!("{name} {figure}"));
        let watched = row.watched.map(|watched| format!("{} watched", counted(watched, "descriptor", "descriptors")));
        lines.push(Fact { label: "loop", items: figures.chain(watched).collect(), is_disk: false });
        lines.extend(row.worst_turn.as_ref().map(worst_turn));
    }
    lines
}

fn calls(name: &str, row: &ThreadCalls) -> Vec<String> {
    let percentile = |per_mille| row.latency.percentile(per_mille).map_or_else(|| NO_VALUE.into(), latency);
    vec![
        format!("{name}: {}", counted(row.calls, "call", "calls")),
        bytes(row.bytes),
        format!("p50 {}", percentile(500)),
        format!("p99 {}", percentile(990)),
        format!("max {}", row.max_ns.map_or_else(|| NO_VALUE.into(), latency)),
        format!("{} slow", count(row.slow)),
        format!("{} disk-blocked", count(row.disk_blocked)),
        format!("{} on disk", duration(row.disk_wait_ns)),
    ]
}

fn disk(row: &ThreadRecord) -> Vec<String> {
    let mut items =
        vec![format!("{}, {}", counted(row.disk_waits, "disk wait", "disk waits"), duration(row.disk_wait_ns))];
    items.extend(row.disk_wait_max_ns.filter(|&ns| ns > 0).map(|ns| format!("longest {}", duration(ns))));
    let now = row.still_waiting.as_ref();
    items.extend(now.map(|wait| format!("! still waiting, {} in {}", duration(wait.since_ns), call(&wait.name))));
    let places = row.by_syscall.iter().flatten();
    let place = |place: &SyscallWaits| {
        format!("{} in {}, {}", count(place.disk_waits), call(&place.name), duration(place.disk_wait_ns))
    };
    items.extend(places.map(place));
    items
}

fn worst_turn(turn: &WorstTurn) -> Fact {
    let mut items = vec![format!("longest turn {} at {}", duration(turn.ns), duration(turn.at_ns))];
    if let Some(wait) = &turn.longest_wait {
        let disk_ns = turn.disk_wait_ns.unwrap_or(wait.disk_wait_max_ns);
        items.push(format!("{} of it on disk, longest in {}", duration(disk_ns), call(&wait.syscall)));
        items.extend(wait.path.as_deref().map(escape));
    }
    Fact { label: "worst", items, is_disk: turn.longest_wait.is_some() }
}

/// The latencies of all its traced calls. Which of them were disk-blocked is not kept for each thread.
fn latencies(seen: &Seen, id: ThreadId) -> Column {
    let mut column = Column::new();
    let rows = seen.recording.syscalls.iter().flat_map(|syscall| &syscall.threads);
    for row in rows.filter(|row| id_of(&row.thread) == id) {
        for (low, _, calls) in row.latency.buckets() {
            let cell: &mut Cell = column.entry(power(low)).or_default();
            cell.calls = cell.calls.saturating_add(calls);
        }
    }
    column
}
