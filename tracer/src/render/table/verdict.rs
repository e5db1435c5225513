//! The answer.

use super::{Report, identity, name};
use crate::{
    escape::escape,
    model::{Histogram, Status, SyscallRecord, ThreadRef},
    render::{
        color::Tint,
        layout::{LEAST_NAME, TEXT_COLUMN, fit, labelled, width},
    },
    units::{NO_VALUE, count, counted, duration, latency},
};

/// A name of this length still tells threads of a kind apart.
const READABLE_NAME: usize = 24;

pub fn section(report: &Report) -> String {
    let verdict = &report.recording.verdict;
    let columns = report.style.width;
    let summary = escape(&verdict.summary);
    let mut out = match verdict.status {
        Status::Blocked => {
            let loops = counted(report.event_loops() as u64, "event loop", "event loops");
            let line = format!("BLOCKED ON DISK: {} of {loops}\n", count(verdict.threads.len() as u64));
            report.paint.lines(Tint::Disk, &line)
        }
        Status::Clear => report.paint.lines(Tint::Good, &format!("clear: {summary}\n")),
        Status::Inconclusive => report.paint.lines(Tint::Warning, &format!("inconclusive: {summary}\n")),
    };
    for (index, thread) in verdict.threads.iter().take(report.style.top).enumerate() {
        let label = if index == 0 { "who" } else { "" };
        out += &who(report, label, thread);
    }
    let hidden = verdict.threads.len().saturating_sub(report.style.top) as u64;
    if hidden > 0 {
        out += &labelled("", &format!("… and {}", counted(hidden, "more event loop", "more event loops")), columns);
    }
    if verdict.status == Status::Blocked && !summary.is_empty() {
        out += &labelled("what", &summary, columns);
    }
    out += &listed("why", &verdict.reasons, columns);
    if verdict.status == Status::Blocked {
        let costs: Vec<_> =
            report.recording.syscalls.iter().filter(|syscall| syscall.disk_blocked > 0).map(cost).collect();
        out += &listed("cost", &costs, columns);
    }
    out + &listed("try", &verdict.advice, columns)
}

/// A thread and what it did, on one line if its name stays readable, otherwise on two.
fn who(report: &Report, label: &str, thread: &ThreadRef) -> String {
    let columns = report.style.width;
    let did = did(report, thread);
    let id = format!("{} ", thread.tid);
    let room = columns.saturating_sub(TEXT_COLUMN + width(&id));
    let name = name(thread);
    let room_on_one_line = room.saturating_sub(width(": ") + width(&did));
    if did.is_empty() {
        labelled(label, &format!("{id}{}", fit(&name, room.max(LEAST_NAME))), usize::MAX)
    } else if room_on_one_line >= width(&name).min(READABLE_NAME) {
        labelled(label, &format!("{id}{}: {did}", fit(&name, room_on_one_line)), usize::MAX)
    } else {
        let name = fit(&name, room.saturating_sub(1).max(LEAST_NAME));
        labelled(label, &format!("{id}{name}:"), usize::MAX) + &labelled("", &did, columns)
    }
}

/// A line or more for each text, the label before the first.
fn listed(label: &str, texts: &[String], columns: usize) -> String {
    let lines = texts
        .iter()
        .enumerate()
        .map(|(index, text)| labelled(if index == 0 { label } else { "" }, &escape(text), columns));
    lines.collect()
}

/// What a blocked thread did, in figures: its disk-blocked calls and its disk waits, whichever are known.
fn did(report: &Report, thread: &ThreadRef) -> String {
    let id = identity(thread);
    let rows = report.recording.syscalls.iter().flat_map(|syscall| &syscall.threads);
    let blocked =
        rows.filter(|row| identity(&row.thread) == id).map(|row| row.disk_blocked).fold(0, u64::saturating_add);
    let mut facts = Vec::new();
    if blocked > 0 {
        facts.push(counted(blocked, "disk-blocked call", "disk-blocked calls"));
    }
    if let Some(row) = report.recording.threads.iter().find(|row| identity(&row.thread) == id) {
        facts.push(counted(row.disk_waits, "disk wait", "disk waits"));
        facts.push(duration(row.disk_wait_ns));
        facts.push(format!("longest {}", duration(row.disk_wait_max_ns)));
    }
    facts.join(", ")
}

/// The tail with and without the disk waits.
fn cost(syscall: &SyscallRecord) -> String {
    let p999 = |histogram: &Histogram| histogram.percentile(999).map_or_else(|| NO_VALUE.into(), latency);
    format!(
        "{} p99.9 {}, without the disk waits {} (first order: queueing not modelled)",
        syscall.name,
        p999(&syscall.latency),
        p999(&syscall.without_disk)
    )
}
