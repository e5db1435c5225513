//! The page of a recording: its title, and the order of its sections.

use super::{
    document::{Document, Part},
    download, drawn,
    facts::{Facts, target},
    measured,
    section::Section,
    tables, verdict,
};
use crate::{
    model::Status,
    units::{duration, setting},
};

/// The verdict in a word or two.
pub fn title_of(status: Status) -> &'static str {
    match status {
        Status::Blocked => "Blocked on disk",
        Status::Clear => "Clear",
        Status::Inconclusive => "Inconclusive",
    }
}

/// The whole page.
pub fn page(facts: &Facts) -> String {
    let recording = facts.recording;
    let title = format!("{} · {} · {}", title_of(recording.verdict.status), target(recording), recording.tool.name);
    let mut overview = Section::new("calls", "System calls");
    overview.add(tables::syscalls::table(facts));
    let sections = [
        (!recording.syscalls.is_empty()).then_some(overview),
        drawn::over_time(facts),
        drawn::by_percentile(facts),
        drawn::where_time_went(facts),
        tables::event_loops::section(facts),
        tables::threads::section(facts),
        tables::disk_waits::section(facts),
        tables::stacks::section(facts),
        tables::files::section(facts),
        tables::clients::section(facts),
        tables::page_cache::section(facts),
        tables::slow_calls::section(facts),
        tables::in_flight::section(facts),
    ];
    let mut parts: Vec<Part> = sections.into_iter().flatten().map(Part::from).collect();
    parts.push(measured::section(facts).into());
    // Its heading says more than there is room for in the list of contents.
    parts.push(Part { title: "Recording", ..download::section(recording).into() });
    let first = [Some(verdict::section(facts)), measured::notices(facts)].into_iter().flatten().collect();
    Document { title, command: command(facts), about: about(facts), first, parts, tool: &recording.tool }.render()
}

fn command(facts: &Facts) -> String {
    let recording = facts.recording;
    let mut families: Vec<&str> = recording.families.iter().map(String::as_str).collect();
    for syscall in &recording.syscalls {
        if recording.families.is_empty() && !families.contains(&syscall.family.as_str()) {
            families.push(&syscall.family);
        }
    }
    format!("{} {}", recording.tool.name, families.join(" + "))
}

/// Who was measured, where and when, in a line.
fn about(facts: &Facts) -> Vec<String> {
    let recording = facts.recording;
    let mut items = vec![target(recording)];
    items.extend(match recording.hosts.as_slice() {
        [] => None,
        [host] => Some(host.hostname.clone()),
        // The target says so.
        _ => None,
    });
    items.push(recording.window.start.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    items.push(format!("for {}", duration(recording.window.duration_ns)));
    items.push(format!("threshold {}", setting(recording.threshold_ns)));
    items
}
