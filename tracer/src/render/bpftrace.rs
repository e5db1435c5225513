//! The histograms in the form of `bpftrace -f json`: a line for each map.
//!
//! The rows are those of bpftrace's `hist()`: powers of two, both ends inclusive, from the first that is not empty to
//! the last (bpftrace's `src/output.cpp`, `JsonOutput::hist`).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{facts, observation::Observation};
use crate::{
    model::{Histogram, Recording, SyscallRecord},
    render::facts::{headline, knows_disk_waits},
};

/// Sums, latency histograms, the verdict and the losses, a JSON object a line.
#[must_use]
pub fn bpftrace(recording: &Recording) -> String {
    let mut lines = vec![said(&headline(recording))];
    lines.extend(recording.verdict.reasons.iter().map(|reason| said(&format!("why: {reason}"))));
    let Observation { warnings, untold, .. } = Observation::of(recording);
    lines.extend(warnings.iter().map(|(kind, warning)| said(&format!("{kind}: {warning}"))));
    lines.extend(untold.map(|untold| said(&format!("missed: {untold}"))));
    let lost = recording.losses;
    let lost_events = lost.calls_uncounted.saturating_add(lost.slow_calls_dropped);
    if lost_events > 0 {
        lines.push(json!({"type": "lost_events", "data": {"events": lost_events}}));
    }
    for syscall in &recording.syscalls {
        lines.extend(of_syscall(recording, syscall));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// What a program says by `printf`.
fn said(text: &str) -> Value {
    json!({"type": "printf", "data": format!("{}\n", crate::escape::escape(text))})
}

fn of_syscall(recording: &Recording, syscall: &SyscallRecord) -> Vec<Value> {
    let name = map_name(&facts::syscall_name(syscall));
    let mut counts = Map::new();
    let mut count = |key: &str, number: u64| _ = counts.insert(key.into(), number.into());
    count("calls", syscall.calls);
    count("errors", syscall.errors);
    count("bytes", syscall.bytes);
    count("slow", syscall.slow);
    if knows_disk_waits(recording) {
        count("disk_blocked", syscall.disk_blocked);
        count("disk_waits", syscall.disk_waits);
    }
    let mut lines = vec![map(&name, "", Value::Object(counts))];
    lines.extend(hist(&syscall.latency).map(|rows| named_hist(&name, "_ns", rows)));
    if knows_disk_waits(recording) {
        let causes = &syscall.by_cause;
        let causes = [
            ("on_cpu", &causes.on_cpu),
            ("disk", &causes.disk),
            ("runqueue", &causes.runqueue),
            ("other", &causes.other),
        ];
        let causes: Map<_, _> =
            causes.iter().filter_map(|(cause, histogram)| Some((cause.to_string(), hist(histogram)?))).collect();
        if !causes.is_empty() {
            lines.push(named_hist(&name, "_ns_by_cause", Value::Object(causes)));
        }
    }
    let threads = syscall.threads.iter();
    // A tid that was given twice stands for both of its threads, as in bpftrace.
    let mut by_tid: BTreeMap<u32, Vec<&Histogram>> = BTreeMap::new();
    for thread in threads {
        by_tid.entry(thread.thread.tid.0).or_default().push(&thread.latency);
    }
    let by_tid: Map<_, _> =
        by_tid.into_iter().filter_map(|(tid, threads)| Some((tid.to_string(), hist_of(&threads)?))).collect();
    if !by_tid.is_empty() {
        lines.push(named_hist(&name, "_ns_by_tid", Value::Object(by_tid)));
    }
    lines
}

fn map(name: &str, suffix: &str, data: Value) -> Value {
    let mut maps = Map::new();
    maps.insert(format!("@{name}{suffix}"), data);
    json!({"type": "map", "data": maps})
}

fn named_hist(name: &str, suffix: &str, rows: Value) -> Value {
    let mut maps = Map::new();
    maps.insert(format!("@{name}{suffix}"), rows);
    json!({"type": "hist", "data": maps})
}

/// A name as bpftrace's maps can have it.
fn map_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn hist(histogram: &Histogram) -> Option<Value> {
    hist_of(&[histogram])
}

/// The rows of these histograms together; `None` without values: bpftrace prints no empty map.
fn hist_of(histograms: &[&Histogram]) -> Option<Value> {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    for (low, _, count) in histograms.iter().flat_map(|histogram| histogram.log2()) {
        let total = counts.entry(low).or_default();
        *total = total.saturating_add(count);
    }
    let (first, last) = (*counts.keys().next()?, *counts.keys().next_back()?);
    let edges = std::iter::successors(Some(first), |&low| Some(if low == 0 { 1 } else { low.checked_mul(2)? }));
    let rows = edges.take_while(|&low| low <= last).map(|low| {
        let max = if low == 0 { 0 } else { low - 1 + low };
        json!({"min": low, "max": max, "count": counts.get(&low).copied().unwrap_or(0)})
    });
    Some(rows.collect())
}
