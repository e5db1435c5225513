//! The document: its head, the order of its sections, and its foot.

use super::{
    download, drawn,
    facts::{Facts, target},
    markup::{Element, el},
    measured, policy,
    section::Section,
    tables, verdict,
};
use crate::{
    model::Status,
    units::{duration, setting},
};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The whole page.
pub fn page(facts: &Facts) -> String {
    let recording = facts.recording;
    let title = format!(
        "{} · {} · {}",
        match recording.verdict.status {
            Status::Blocked => "Blocked on disk",
            Status::Clear => "Clear",
            Status::Inconclusive => "Inconclusive",
        },
        target(recording),
        recording.tool.name
    );
    let policy = policy::of(SCRIPT, STYLE);
    let head = el("head")
        .child(el("meta").attr("charset", "utf-8"))
        .child(el("meta").attr("http-equiv", "Content-Security-Policy").attr("content", policy))
        .child(el("meta").attr("name", "viewport").attr("content", "width=device-width, initial-scale=1"))
        .child(el("meta").attr("name", "color-scheme").attr("content", "light dark"))
        .child(el("meta").attr("name", "referrer").attr("content", "no-referrer"))
        .child(el("title").text(title))
        .child(el("style").raw(STYLE));

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
    let sections: Vec<_> = sections.into_iter().flatten().collect();
    let anchors = sections.iter().map(|section| (section.id, section.title));
    let anchors = anchors.chain([("measured", "How it was measured"), ("recording", "Recording")]);
    let links = anchors.map(|(id, title)| el("li").child(el("a").attr("href", format!("#{id}")).text(title)));
    let contents = el("nav").attr("aria-label", "Contents").child(el("ul").children(links.collect::<Vec<_>>()));

    let main = el("main")
        .attr("id", "main")
        .child(verdict::section(facts))
        .children(measured::notices(facts))
        .child(contents)
        .children(sections.into_iter().map(Section::render))
        .child(measured::section(facts))
        .child(download::section(recording));
    let body = el("body")
        .child(el("a").class("skip").attr("href", "#main").text("Skip to the verdict"))
        .child(header(facts))
        .child(main)
        .child(el("footer").child(el("p").text(format!(
            "Written by {} {}. This page is one file: it loads nothing and sends nothing.",
            recording.tool.name, recording.tool.version
        ))))
        .child(el("script").raw(SCRIPT));
    format!("<!DOCTYPE html>\n{}\n", el("html").attr("lang", "en").child(head).child(body))
}

/// Who was measured, where and when, in a line.
fn header(facts: &Facts) -> Element {
    let recording = facts.recording;
    let mut families: Vec<&str> = recording.families.iter().map(String::as_str).collect();
    for syscall in &recording.syscalls {
        if recording.families.is_empty() && !families.contains(&syscall.family.as_str()) {
            families.push(&syscall.family);
        }
    }
    let command = format!("{} {}", recording.tool.name, families.join(" + "));
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
    let items = items.iter().map(|item| el("li").text(item));
    el("header")
        .child(el("p").class("command").text(command.trim()))
        .child(el("ul").children(items.collect::<Vec<_>>()))
}
