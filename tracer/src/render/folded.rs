//! Stacks as flame graph tools read them: a line for each, its frames from the outermost on, separated by `;`, and
//! behind a space its weight.

use std::collections::BTreeMap;

use crate::{
    escape::escape,
    model::{Recording, Stack},
};

/// Where time went to disk waits, in ns: host where there are several, process, thread, functions of the program, functions of the kernel marked
/// `_[k]`. Without stacks there is no line.
#[must_use]
pub fn folded(recording: &Recording) -> String {
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for stack in recording.stacks.iter().flatten() {
        for thread in stack.threads.iter().filter(|thread| thread.disk_wait_ns > 0) {
            let mut frames: Vec<_> = stack.hostname.as_deref().map(frame).into_iter().collect();
            frames.extend([process(recording, stack), frame(&thread.thread.name)]);
            frames.extend(stack.user.iter().rev().map(|name| frame(name)));
            frames.extend(stack.kernel.iter().rev().map(|name| frame(name) + "_[k]"));
            let weight = lines.entry(frames.join(";")).or_default();
            *weight = weight.saturating_add(thread.disk_wait_ns);
        }
    }
    lines.into_iter().map(|(frames, weight)| format!("{frames} {weight}\n")).collect()
}

/// What the process is called.
fn process(recording: &Recording, stack: &Stack) -> String {
    let known = recording
        .target
        .processes
        .iter()
        .find(|process| (&process.hostname, process.pid) == (&stack.hostname, stack.pid));
    known.map_or_else(|| format!("pid {}", stack.pid), |process| frame(&process.comm))
}

/// A name in which nothing ends the frame.
fn frame(name: &str) -> String {
    let name = escape(name).replace(';', ":");
    if name.trim().is_empty() { "[no name]".into() } else { name }
}
