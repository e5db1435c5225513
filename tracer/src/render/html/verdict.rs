//! The answer: one sentence, who, on what, for whom, at which cost, why, and what to try.

use super::{
    answer::{self, Tone, answer, ended, sentence},
    facts::{Facts, call, identity, label, latency, name},
    markup::{Element, el},
};
use crate::{
    escape::escape,
    model::{EventLoop, Histogram, Status, ThreadRef, culprit::NONE},
    render::{hosts, worst},
    units::{byte_range, count, counted, duration},
};

/// Threads that are named; the rest is in the table of event loops.
const NAMED: usize = 5;

/// Said where all records of disk-blocked calls were lost.
const UNTOLD: &str = "unknown: the records of the disk-blocked calls were dropped";

/// The first thing on the page.
pub fn section(facts: &Facts) -> Element {
    let verdict = &facts.recording.verdict;
    let (tone, word) = match verdict.status {
        Status::Blocked => (Tone::Bad, "Blocked on disk"),
        Status::Clear => (Tone::Good, "Clear"),
        Status::Inconclusive => (Tone::Unsure, "Inconclusive"),
    };
    let mut findings = Vec::new();
    if verdict.status == Status::Blocked {
        findings.push(("Who", who(facts)));
        findings.extend(on(facts).map(|on| ("On", vec![on])));
        findings.extend(serving(facts).map(|client| ("For", vec![client])));
        findings.push(("Cost", cost(facts)));
    }
    // A summary of what is missing often says all of it already.
    let reasons = verdict.reasons.iter().filter(|reason| !verdict.summary.contains(*reason));
    // Of several hosts, a reason begins with the host's name.
    let reason = if hosts::are_several(facts.recording) { ended } else { sentence };
    findings.push(("Why", reasons.map(|text| el("span").text(reason(text))).collect()));
    findings.push(("Try", verdict.advice.iter().map(|advice| el("span").text(sentence(advice))).collect()));
    answer(tone, word, &verdict.summary).children(answer::findings(findings))
}

/// The blocked event loops, worst first, and what each did.
fn who(facts: &Facts) -> Vec<Element> {
    let threads = &facts.recording.verdict.threads;
    let mut lines: Vec<_> = threads.iter().take(NAMED).map(|thread| one(facts, thread)).collect();
    if let Some(hidden @ 1..) = threads.len().checked_sub(NAMED) {
        let more = counted(hidden as u64, "more event loop", "more event loops");
        lines.push(el("span").text("and ").child(el("a").attr("href", "#event-loops").text(more)));
    }
    lines
}

fn one(facts: &Facts, thread: &ThreadRef) -> Element {
    let host = hosts::prefix(thread.hostname.as_deref());
    let line = el("span").text(host).child(el("b").class("name").text(name(thread))).text(format!(" ({})", thread.tid));
    let id = identity(thread);
    let mut did = Vec::new();
    let rows = facts.recording.syscalls.iter().flat_map(|syscall| &syscall.threads);
    let blocked =
        rows.filter(|row| identity(&row.thread) == id).map(|row| row.disk_blocked).fold(0, u64::saturating_add);
    if blocked > 0 {
        did.push(counted(blocked, "disk-blocked call", "disk-blocked calls"));
    }
    if let Some(row) = facts.recording.threads.iter().find(|row| identity(&row.thread) == id) {
        if row.disk_waits > 0 || row.still_waiting.is_none() {
            let places: Vec<_> = row.by_syscall.iter().flatten().take(2).map(|waits| call(&waits.name)).collect();
            let places = if places.is_empty() { String::new() } else { format!(" in {}", places.join(", ")) };
            did.push(counted(row.disk_waits, "disk wait", "disk waits") + &places);
            did.push(duration(row.disk_wait_ns));
            did.extend(row.disk_wait_max_ns.map(|longest_ns| format!("longest {}", duration(longest_ns))));
        }
        if let Some(wait) = &row.still_waiting {
            did.push(format!("still waiting, {} in {}", duration(wait.since_ns), call(&wait.name)));
        }
    }
    if did.is_empty() { line } else { line.text(format!(": {}", did.join(", "))) }
}

/// The directory that most disk-blocked calls read from, and its worst file.
fn on(facts: &Facts) -> Option<Element> {
    let group = worst::directory(facts.recording)?;
    let share = format!("{} of {}", count(group.disk_blocked), count(group.of));
    let Some(file) = group.worst() else { return Some(el("span").text(UNTOLD)) };
    if file.path == NONE {
        return Some(el("span").text(format!("no file ({share})")));
    }
    let mut facts = vec![share];
    if group.rows.len() > 1 {
        facts.push(format!("{} files, this one worst", count(group.rows.len() as u64)));
    }
    facts.extend(
        file.first_offset.zip(file.last_offset).map(|(first, last)| format!("offsets {}", byte_range(first, last))),
    );
    facts.extend(file.device_name.as_ref().or(file.device.as_ref()).map(|device| format!("device {}", escape(device))));
    Some(el("span").child(el("b").class("name").text(&file.path)).text(format!(" ({})", facts.join("; "))))
}

/// The client that most disk-blocked calls served.
fn serving(facts: &Facts) -> Option<Element> {
    if worst::warms_the_cache(facts.recording) {
        return Some(el("span").text("nobody: the bytes went to /dev/null, it warms the cache"));
    }
    let group = worst::host(facts.recording)?;
    let share = format!("{} of {}", count(group.disk_blocked), count(group.of));
    let Some(client) = group.worst() else { return Some(el("span").text(UNTOLD)) };
    if group.is_nobody() {
        return Some(el("span").text(format!("no known peer ({share})")));
    }
    let connections = group.rows.len() as u64;
    let (name, share) = match &client.host {
        Some(host) if connections > 1 => {
            (host, format!("{share}; {}", counted(connections, "connection", "connections")))
        }
        _ => (&client.address, share),
    };
    let label = client.label.as_ref().map_or_else(String::new, |label| format!(" {}", escape(label)));
    Some(el("span").child(el("b").class("name").text(name)).text(format!("{label} ({share})")))
}

/// What the disk waits cost: who waited behind them, and the tail with and without.
fn cost(facts: &Facts) -> Vec<Element> {
    let loops = facts.recording.event_loops.iter().filter(|row| facts.blocked.contains(&identity(&row.thread)));
    let loops: Vec<&EventLoop> = loops.collect();
    let mut costs = Vec::new();
    let behind = loops.iter().filter_map(|row| row.behind).fold(0, u64::saturating_add);
    if behind > 0 {
        let at_least = loops.iter().any(|row| row.behind_capped.is_some_and(|calls| calls > 0));
        let most = loops.iter().filter_map(|row| row.behind_max).max().unwrap_or(0);
        costs.push(format!(
            "{}{} waited behind the disk-blocked calls, {} behind the worst one",
            if at_least { "At least " } else { "" },
            counted(behind, "connection", "connections"),
            count(most)
        ));
    }
    let p999 = |histogram: &Histogram| latency(histogram.percentile(999));
    let calls = facts.recording.syscalls.iter().filter(|syscall| syscall.disk_blocked > 0);
    costs.extend(calls.map(|syscall| {
        let (with, without) = (p999(&syscall.latency), p999(&syscall.without_disk));
        format!("{} p99.9 {with}, without the disk waits {without}", label(syscall))
    }));
    if let Some(last) = costs.last_mut() {
        *last += " (first order: queueing is not modelled)";
    }
    costs.into_iter().map(|cost| el("span").text(cost)).collect()
}
