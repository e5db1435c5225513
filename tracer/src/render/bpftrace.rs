//! The histograms in the form of `bpftrace -f json`: a line for each map.
//!
//! The rows are those of bpftrace's `hist()`: powers of two, both ends inclusive, from the first that is not empty to
//! the last (bpftrace's `src/output.cpp`, `JsonOutput::hist`).

use std::collections::BTreeMap;

use super::{
    facts::{headline, knows_disk_waits, syscall_key},
    observation::Observation,
};
use crate::{
    escape::escape,
    model::{Histogram, Recording, SyscallRecord},
};

/// Sums, latency histograms, the verdict and the losses, a JSON object a line.
#[must_use]
pub fn bpftrace(recording: &Recording) -> String {
    let mut lines = vec![said(&headline(recording))];
    lines.extend(recording.verdict.reasons.iter().map(|reason| said(&format!("why: {}", escape(reason)))));
    let Observation { warnings, untold, .. } = Observation::of(recording);
    lines.extend(warnings.iter().map(|(kind, warning)| said(&format!("{kind}: {warning}"))));
    lines.extend(untold.map(|untold| said(&format!("missed: {untold}"))));
    let losses = &recording.losses;
    let lost = losses.calls_uncounted.saturating_add(losses.slow_calls_dropped);
    if lost > 0 {
        lines.push(line("lost_events", &object(vec![("events".into(), lost.to_string())])));
    }
    lines.extend(recording.syscalls.iter().flat_map(|syscall| of_syscall(recording, syscall)));
    lines.concat()
}

/// What a program says by `printf`.
fn said(text: &str) -> String {
    line("printf", &string(&format!("{text}\n")))
}

fn of_syscall(recording: &Recording, syscall: &SyscallRecord) -> Vec<String> {
    let name = map_name(&syscall_key(syscall, "_"));
    let knows_disk = knows_disk_waits(recording);
    let mut counts =
        vec![("calls", syscall.calls), ("errors", syscall.errors), ("bytes", syscall.bytes), ("slow", syscall.slow)];
    if knows_disk {
        counts.extend([("disk_blocked", syscall.disk_blocked), ("disk_waits", syscall.disk_waits)]);
    }
    let counts = counts.into_iter().map(|(key, count)| (key.to_owned(), count.to_string())).collect();
    let mut lines = vec![map("map", &format!("@{name}"), &object(counts))];
    if let Some(rows) = hist(&[&syscall.latency]) {
        lines.push(map("hist", &format!("@{name}_ns"), &rows));
    }
    let causes = &syscall.by_cause;
    let causes =
        [("on_cpu", &causes.on_cpu), ("disk", &causes.disk), ("runqueue", &causes.runqueue), ("other", &causes.other)];
    if knows_disk {
        let causes = causes.map(|(cause, histogram)| (cause.to_owned(), vec![histogram]));
        lines.extend(keyed(&format!("@{name}_ns_by_cause"), causes));
    }
    // A tid that was given twice stands for both of its threads, as in bpftrace.
    let mut by_tid: BTreeMap<(Option<&str>, u32), Vec<&Histogram>> = BTreeMap::new();
    for row in &syscall.threads {
        by_tid.entry((row.thread.hostname.as_deref(), row.thread.tid.0)).or_default().push(&row.latency);
    }
    let key =
        |host: Option<&str>, tid: u32| host.map_or_else(|| tid.to_string(), |host| format!("{},{tid}", escape(host)));
    let by_tid = by_tid.into_iter().map(|((host, tid), threads)| (key(host, tid), threads));
    lines.extend(keyed(&format!("@{name}_ns_by_tid"), by_tid));
    lines
}

/// A name as bpftrace's maps can have it.
fn map_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// A map with a histogram for each key; `None` if all are empty.
fn keyed<'a>(name: &str, keys: impl IntoIterator<Item = (String, Vec<&'a Histogram>)>) -> Option<String> {
    let rows: Vec<_> = keys.into_iter().filter_map(|(key, histograms)| Some((key, hist(&histograms)?))).collect();
    (!rows.is_empty()).then(|| map("hist", name, &object(rows)))
}

/// The rows of these histograms together; `None` without values: bpftrace prints no empty map.
fn hist(histograms: &[&Histogram]) -> Option<String> {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    for (low, _, count) in histograms.iter().flat_map(|histogram| histogram.log2()) {
        let total = counts.entry(low).or_default();
        *total = total.saturating_add(count);
    }
    let (first, last) = (*counts.keys().next()?, *counts.keys().next_back()?);
    let edges = std::iter::successors(Some(first), |&low| if low == 0 { Some(1) } else { low.checked_mul(2) });
    let rows = edges.take_while(|&low| low <= last).map(|low| {
        let max = if low == 0 { 0 } else { low - 1 + low };
        let count = counts.get(&low).copied().unwrap_or(0);
        let members = [("min", low), ("max", max), ("count", count)];
        object(members.map(|(key, number)| (key.to_owned(), number.to_string())).into())
    });
    Some(format!("[{}]", rows.collect::<Vec<_>>().join(", ")))
}

// bpftrace writes its JSON by hand, with a blank behind each comma and colon; so does this, to the letter.

fn map(kind: &str, name: &str, data: &str) -> String {
    line(kind, &object(vec![(name.to_owned(), data.to_owned())]))
}

fn line(kind: &str, data: &str) -> String {
    format!("{}\n", object(vec![("type".into(), string(kind)), ("data".into(), data.into())]))
}

/// Members whose values are JSON already.
fn object(members: Vec<(String, String)>) -> String {
    let members: Vec<_> = members.iter().map(|(key, value)| format!("{}: {value}", string(key))).collect();
    format!("{{{}}}", members.join(", "))
}

fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
