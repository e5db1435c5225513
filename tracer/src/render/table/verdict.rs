//! The answer.

use std::collections::BTreeSet;

use super::{
    Report, call,
    culprits::address,
    event_loops::{behind, percentile},
    name,
};
use crate::{
    escape::escape,
    model::{EventLoop, FileCalls, Histogram, Status, SyscallRecord, ThreadRecord, ThreadRef, culprit::NONE},
    render::{
        color::Tint,
        layout::{LEAST_NAME, TEXT_COLUMN, fit, fit_path, labelled, last_name, paragraph, width},
        worst,
    },
    units::{NO_VALUE, byte_range, count, counted, duration, latency},
};

/// A name of this length still tells threads of a kind apart.
const READABLE_NAME: usize = 24;

/// Said where all records of disk-blocked calls were lost.
const UNTOLD: &str = "unknown: the records of the disk-blocked calls were dropped";

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
        Status::Clear => report.paint.lines(Tint::Good, &paragraph(&format!("clear: {summary}"), columns)),
        Status::Inconclusive => {
            report.paint.lines(Tint::Warning, &paragraph(&format!("inconclusive: {summary}"), columns))
        }
    };
    for (index, thread) in verdict.threads.iter().take(report.style.top).enumerate() {
        let label = if index == 0 { "who" } else { "" };
        out += &who(report, label, thread);
    }
    let hidden = verdict.threads.len().saturating_sub(report.style.top) as u64;
    if hidden > 0 {
        out += &labelled("", &format!("… and {}", counted(hidden, "more event loop", "more event loops")), columns);
    }
    if verdict.status == Status::Blocked {
        out += &on(report);
        out += &serving(report);
    }
    // A summary of what is missing often says all of it already.
    let reasons: Vec<_> = verdict.reasons.iter().filter(|reason| !verdict.summary.contains(*reason)).cloned().collect();
    out += &listed("why", &reasons, columns);
    if verdict.status == Status::Blocked {
        let syscalls = report.recording.syscalls.iter().filter(|syscall| syscall.disk_blocked > 0);
        let loops = blocked_loops(report);
        let costs = waited_behind(&loops).into_iter().chain(syscalls.map(cost)).chain(turns(&loops));
        let mut costs: Vec<_> = costs.collect();
        if let Some(last) = costs.last_mut() {
            *last += " (first order: queueing not modelled)";
        }
        out += &listed("cost", &costs, columns);
    }
    out + &listed("try", &verdict.advice, columns)
}

/// A thread and what it did, on one line if its name stays readable, otherwise on two.
fn who(report: &Report, label: &str, thread: &ThreadRef) -> String {
    let columns = report.style.width;
    let did = did(report, thread);
    let host = thread.hostname.as_deref().map_or_else(String::new, |host| format!("{}: ", escape(host)));
    let id = format!("{host}{} ", thread.tid);
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

/// The directory that most disk-blocked calls read from, and its worst file.
fn on(report: &Report) -> String {
    let Some(group) = worst::directory(report.recording) else { return String::new() };
    let share = format!("{} of {}", count(group.disk_blocked), count(group.of));
    match group.worst() {
        None => labelled("on", UNTOLD, report.style.width),
        Some(file) if file.path == NONE => labelled("on", &format!("no file ({share})"), report.style.width),
        Some(file) => {
            let hosts: BTreeSet<_> = group.rows.iter().filter_map(|row| row.hostname.as_deref()).collect();
            let rest = where_in(file, group.rows.len() as u64, share, report.style.width) + &on_hosts(&hosts);
            named(report, "on", &escape(&place(file)), &rest)
        }
    }
}

/// ` on broker-1`, `; 3 hosts`; nothing where there is one.
fn on_hosts(hosts: &BTreeSet<&str>) -> String {
    match hosts.first() {
        None => String::new(),
        Some(host) if hosts.len() == 1 => format!(" on {}", escape(host)),
        Some(_) => format!("; {} hosts", hosts.len()),
    }
}

/// A directory, with a slash; the file where its directory is not known.
fn place(file: &FileCalls) -> String {
    match file.directory.as_deref() {
        Some(directory) => format!("{}/", directory.strip_suffix('/').unwrap_or(directory)),
        None => file.path.clone(),
    }
}

/// How many calls, and at which part of which file of a directory.
fn where_in(file: &FileCalls, files: u64, share: String, columns: usize) -> String {
    let mut facts = Vec::new();
    if file.directory.is_some() {
        let worst = if files > 1 { format!("{} files, worst ", count(files)) } else { String::new() };
        facts.push(worst + &fit(&escape(last_name(&file.path)), columns.saturating_sub(TEXT_COLUMN + 1)));
    }
    if let Some((first, last)) = file.first_offset.zip(file.last_offset) {
        facts.push(format!("offsets {}", byte_range(first, last)));
    }
    let facts = if facts.is_empty() { share } else { format!("{share}; {}", facts.join(", ")) };
    let device = file.device_name.as_deref().or(file.device.as_deref());
    let device = device.map_or_else(String::new, |device| format!("; device {}", escape(device)));
    format!("({facts}){device}")
}

/// The client that most disk-blocked calls served: its address, or its host if it had several connections.
fn serving(report: &Report) -> String {
    let columns = report.style.width;
    if worst::warms_the_cache(report.recording) {
        return labelled("for", "none: the bytes went to /dev/null, it warms the cache", columns);
    }
    let Some(group) = worst::host(report.recording) else { return String::new() };
    let share = format!("{} of {}", count(group.disk_blocked), count(group.of));
    let Some(client) = group.worst() else { return labelled("for", UNTOLD, columns) };
    if group.is_nobody() {
        return labelled("for", &format!("no known peer ({share})"), columns);
    }
    let (name, share) = match (&client.host, group.rows.len() as u64) {
        (Some(host), connections @ 2..) => {
            (escape(host), format!("({share}; {})", counted(connections, "connection", "connections")))
        }
        _ => (address(client), format!("({share})")),
    };
    let rest = match &client.label {
        Some(label) => format!("{} {share}", fit(&escape(label), READABLE_NAME)),
        None => share,
    };
    named(report, "for", &name, &rest)
}

/// A path or address and what is said of it, on one line if the name stays readable.
fn named(report: &Report, label: &str, name: &str, rest: &str) -> String {
    let room = report.style.width.saturating_sub(TEXT_COLUMN);
    let room_on_one_line = room.saturating_sub(width(rest) + 1);
    let is_readable = room_on_one_line >= width(name).min(READABLE_NAME);
    let name = fit_path(name, if is_readable { room_on_one_line } else { room });
    labelled(label, &format!("{name} {rest}"), report.style.width)
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
    let id = thread.identity();
    let rows = report.recording.syscalls.iter().flat_map(|syscall| &syscall.threads);
    let blocked =
        rows.filter(|row| row.thread.identity() == id).map(|row| row.disk_blocked).fold(0, u64::saturating_add);
    let mut facts = Vec::new();
    if blocked > 0 {
        facts.push(counted(blocked, "disk-blocked call", "disk-blocked calls"));
    }
    if let Some(row) = report.recording.threads.iter().find(|row| row.thread.identity() == id) {
        if row.disk_waits > 0 || row.still_waiting.is_none() {
            let waits = counted(row.disk_waits, "disk wait", "disk waits");
            // The calls of its own that the line names already tell where the waits were.
            let places = if blocked > 0 { String::new() } else { in_calls(row) };
            facts.push(format!("{waits}{places}"));
            facts.push(duration(row.disk_wait_ns));
            facts.extend(row.disk_wait_max_ns.map(|longest_ns| format!("longest {}", duration(longest_ns))));
        }
        if let Some(wait) = &row.still_waiting {
            facts.push(format!("still waiting, {} in {}", duration(wait.since_ns), call(&wait.name)));
        }
    }
    facts.join(", ")
}

/// The event loops that the verdict names.
fn blocked_loops(report: &Report) -> Vec<EventLoop> {
    let named: BTreeSet<_> = report.recording.verdict.threads.iter().map(ThreadRef::identity).collect();
    let loops = report.recording.event_loops.iter();
    loops.filter(|row| named.contains(&row.thread.identity())).cloned().collect()
}

/// The connections that waited behind these event loops; `None` if there were none, or none are known of.
fn waited_behind(loops: &[EventLoop]) -> Option<String> {
    let connections = loops.iter().filter_map(|row| row.behind).fold(0, u64::saturating_add);
    let most = loops.iter().filter_map(|row| row.behind_max).max()?;
    (connections > 0).then(|| {
        let behind = behind(Some(connections), loops);
        let were = if connections == 1 { "connection" } else { "connections" };
        format!("{behind} {were} waited behind the disk-blocked calls (worst call: {})", count(most))
    })
}

/// The tail of these event loops' turns, with and without the disk waits; `None` if it is not known.
fn turns(loops: &[EventLoop]) -> Option<String> {
    let with = percentile(loops, |row| row.turn_latency.as_ref(), 999)?;
    let without = percentile(loops, |row| row.turn_latency_without_disk.as_ref(), 999)?;
    Some(format!("their turns p99.9 {}, without the disk waits {}", latency(with), latency(without)))
}

/// So many system calls are named in a line.
const NAMED: usize = 2;

/// ` in pread64, fsync`: where a thread waited longest; nothing if it is not known.
fn in_calls(row: &ThreadRecord) -> String {
    let mut names: Vec<_> = row.by_syscall.iter().flatten().map(|waits| call(&waits.name)).collect();
    if names.len() > NAMED {
        names.truncate(NAMED);
        names.push("…".into());
    }
    if names.is_empty() { String::new() } else { format!(" in {}", names.join(", ")) }
}

/// The tail with and without the disk waits.
fn cost(syscall: &SyscallRecord) -> String {
    let p999 = |histogram: &Histogram| histogram.percentile(999).map_or_else(|| NO_VALUE.into(), latency);
    format!("{} p99.9 {}, without the disk waits {}", syscall.name, p999(&syscall.latency), p999(&syscall.without_disk))
}
