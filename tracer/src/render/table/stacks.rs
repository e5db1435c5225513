//! The stacks that waited longest for the disk.

use super::Report;
use crate::{
    escape::escape,
    model::{Stack, StackThread},
    render::{
        color::Tint,
        facts::{call, thread_name},
        hosts,
        layout::{labelled, labelled_items},
    },
    units::{count, counted, duration},
};

/// So many stacks are shown: the recording has them all.
const SHOWN: usize = 3;

/// So many functions of each half are shown.
const FRAMES: usize = 8;

/// The worst few; nothing if stacks were not wanted.
pub fn section(report: &Report) -> String {
    let Some(stacks) = &report.recording.stacks else { return String::new() };
    let heading = |text: &str| report.paint.lines(Tint::Heading, &format!("{text}\n"));
    let waited: Vec<_> = stacks.iter().filter(|stack| stack.disk_waits > 0).collect();
    if waited.is_empty() {
        return heading("Stacks: no thread waited for the disk");
    }
    let mut out = heading("Stacks of the longest disk waits (the innermost function first)");
    let (shown, hidden) = waited.split_at(waited.len().min(report.style.top.min(SHOWN)));
    for stack in shown {
        out += &one(report, stack);
    }
    if !hidden.is_empty() {
        let waits = hidden.iter().map(|stack| stack.disk_waits).fold(0, u64::saturating_add);
        let ns = hidden.iter().map(|stack| stack.disk_wait_ns).fold(0, u64::saturating_add);
        let more = counted(hidden.len() as u64, "more stack", "more stacks");
        let text = format!("… and {more}: {}, {}", counted(waits, "disk wait", "disk waits"), duration(ns));
        out += &labelled("", &text, report.style.width);
    }
    out
}

fn one(report: &Report, stack: &Stack) -> String {
    let columns = report.style.width;
    let waits = counted(stack.disk_waits, "disk wait", "disk waits");
    let what = format!("{} in {waits} in {}", duration(stack.disk_wait_ns), call(&stack.syscall));
    let mut items = vec![what];
    items.extend(stack.threads.first().map(|thread| who(report, thread)));
    if stack.threads.len() > 1 {
        items.push(counted(stack.threads.len() as u64 - 1, "more thread", "more threads"));
    }
    report.paint.lines(Tint::Disk, &labelled_items("waited", &items, columns))
        + &frames("kernel", &stack.kernel, columns)
        + &frames("program", &stack.user, columns)
}

fn who(report: &Report, thread: &StackThread) -> String {
    let host = hosts::prefix(thread.thread.hostname.as_deref());
    format!("{host}{} {}", report.tid(&thread.thread), thread_name(&thread.thread))
}

fn frames(label: &str, names: &[String], columns: usize) -> String {
    let hidden = names.len().saturating_sub(FRAMES);
    let mut text: Vec<_> = names.iter().take(FRAMES).map(|name| escape(name)).collect();
    if hidden > 0 {
        text.push(format!("… {} more", count(hidden as u64)));
    }
    labelled(label, &text.join(" ← "), columns)
}
