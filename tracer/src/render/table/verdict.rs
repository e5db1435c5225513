//! The answer.

use super::{Report, identity};
use crate::{
    model::{Status, SyscallRecord, ThreadRef},
    render::{
        color::Tint,
        escape::escape,
        layout::{fit, labelled, width},
        units::{NO_VALUE, count, counted, duration, latency},
    },
};

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
        let did = did(report, thread);
        let id = format!("{} ", thread.tid);
        let room = columns.saturating_sub(10 + width(&id) + width(&did)).max(8);
        out += &labelled(label, &format!("{id}{}{did}", fit(&escape(&thread.name), room)), usize::MAX);
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
        let costs: Vec<_> = report.recording.syscalls.iter().filter(|syscall| syscall.disk_blocked > 0).map(cost).collect();
        out += &listed("cost", &costs, columns);
    }
    out + &listed("try", &verdict.advice, columns)
}

/// A line or more for each text, the label before the first.
fn listed(label: &str, texts: &[String], columns: usize) -> String {
    let lines = texts.iter().enumerate().map(|(index, text)| {
        labelled(if index == 0 { label } else { "" }, &escape(text), columns)
    });
    lines.collect()
}

/// What a blocked thread did, in figures: its disk-blocked calls and its disk waits, whichever are known.
fn did(report: &Report, thread: &ThreadRef) -> String {
    let id = identity(thread);
    let rows = report.recording.syscalls.iter().flat_map(|syscall| &syscall.threads);
    let blocked = rows.filter(|row| identity(&row.thread) == id).map(|row| row.disk_blocked).fold(0, u64::saturating_add);
    let mut facts = Vec::new();
    if blocked > 0 {
        facts.push(counted(blocked, "disk-blocked call", "disk-blocked calls"));
    }
    if let Some(row) = report.recording.threads.iter().find(|row| identity(&row.thread) == id) {
        facts.push(counted(row.disk_waits, "disk wait", "disk waits"));
        facts.push(duration(row.disk_wait_ns));
        facts.push(format!("longest {}", duration(row.disk_wait_max_ns)));
    }
    if facts.is_empty() { String::new() } else { format!(": {}", facts.join(", ")) }
}

/// The tail with and without the disk waits.
fn cost(syscall: &SyscallRecord) -> String {
    let p999 = |histogram: &crate::model::Histogram| histogram.percentile(999).map_or_else(|| NO_VALUE.into(), latency);
    format!(
        "{} p99.9 {}, without the disk waits {} (first order: queueing not modelled)",
        syscall.name,
        p999(&syscall.latency),
        p999(&syscall.without_disk)
    )
}
