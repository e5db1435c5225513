//! Who was measured, when, by which probes, and whether anything escaped them.

use super::{
    answer::caution,
    facts::Facts,
    markup::{Element, el},
    section::Section,
};
use crate::{
    model::{Probe, ProbeStatus, Status},
    render::observation::{kinds_of_loss, losses},
    units::{NO_VALUE, count, counted, duration, setting, share},
};

/// What must not be overlooked, above all figures; `None` if everything was seen.
pub fn notices(facts: &Facts) -> Option<Element> {
    let recording = facts.recording;
    let mut notices = Vec::new();
    if recording.target.ended_early == Some(true) {
        notices.push("The target ended before the window did.".into());
    }
    for probe in &recording.probes {
        let name = &probe.name;
        match (probe.status, probe.missed) {
            (ProbeStatus::Unavailable, _) => {
                let reason = probe.reason.as_deref().unwrap_or("no reason is recorded");
                notices.push(format!("Not observed: {name} ({reason}). Figures that rest on it are unknown."));
            }
            (ProbeStatus::Attached, Some(missed @ 1..)) => {
                let events = counted(missed, "event was", "events were");
                notices.push(format!("{name}: {events} missed; the figures are too low by that much."));
            }
            _ => {}
        }
    }
    notices.extend(losses(&recording.losses).iter().map(|sentence| format!("{sentence}.")));
    if notices.is_empty() && recording.verdict.status != Status::Inconclusive {
        return None;
    }
    if notices.is_empty() {
        notices
            .push("The verdict is inconclusive: what was seen is not enough to say that nothing was blocked.".into());
    }
    caution("Before you trust the figures", &notices)
}

/// How it was measured.
pub fn section(facts: &Facts) -> Section {
    let mut section = Section::new("measured", "How it was measured");
    section.add(setup(facts));
    section.add(probes(&facts.recording.probes));
    let rows = kinds_of_loss(&facts.recording.losses).map(|loss| {
        let number = loss.number.unwrap_or(0);
        let number_cell = el("td").class("figure").attr("data-v", number).text(count(number));
        let row = if number > 0 { el("tr").class("hot") } else { el("tr") };
        row.attr("data-loss", loss.key).child(el("th").attr("scope", "row").text(loss.many)).child(number_cell)
    });
    let table = el("table").class("plain").attr("id", "losses-table");
    let table = table.child(el("caption").text("What could not be counted")).child(el("tbody").children(rows));
    section.add(el("div").class("scroll").child(table));
    section
}

fn setup(facts: &Facts) -> Element {
    let recording = facts.recording;
    let window = &recording.window;
    let mut rows: Vec<(&str, Vec<String>)> = vec![
        ("Target", vec![recording.target.selector.clone()]),
        (
            "Processes",
            recording
                .target
                .processes
                .iter()
                .map(|process| {
                    let line = process.command_line.as_deref().unwrap_or("command line unknown");
                    format!("{} {}: {line}", process.pid, process.comm)
                })
                .collect(),
        ),
        (
            "Host",
            recording
                .hosts
                .iter()
                .map(|host| {
                    let cpus = counted(host.cpus.into(), "CPU", "CPUs");
                    format!("{}, Linux {} {}, {cpus}", host.hostname, host.kernel, host.arch)
                })
                .collect(),
        ),
        (
            "Window",
            vec![format!("{} from {}", duration(window.duration_ns), window.start.strftime("%Y-%m-%d %H:%M:%S UTC"))],
        ),
        ("Slow from", vec![setting(recording.threshold_ns)]),
        (
            "Blocked from",
            vec![format!(
                "one disk wait of {}, or disk waits of {} of the window",
                setting(recording.threshold_ns),
                share(recording.blocked_share)
            )],
        ),
        ("Labels", recording.labels.iter().map(|(key, value)| format!("{key}={value}")).collect()),
        ("Written by", vec![format!("{} {}", recording.tool.name, recording.tool.version)]),
    ];
    rows.retain(|(_, lines)| !lines.is_empty());
    el("dl").class("setup").children(rows.into_iter().map(|(word, lines)| {
        el("div").child(el("dt").text(word)).children(lines.iter().map(|line| el("dd").text(line)))
    }))
}

fn probes(probes: &[Probe]) -> Element {
    let head = ["Probe", "Mechanism", "Status", "Missed", "Why not"];
    let head = el("tr").children(head.map(|heading| el("th").attr("scope", "col").text(heading)));
    let rows = probes.iter().map(|probe| {
        let (status, is_missing) = match probe.status {
            ProbeStatus::Attached => ("attached", false),
            ProbeStatus::Unavailable => ("unavailable", true),
            ProbeStatus::Off => ("off", false),
            ProbeStatus::Other => ("in a state that this version does not know", true),
        };
        let missed = match (probe.status, probe.missed) {
            (ProbeStatus::Attached, Some(missed)) => count(missed),
            (ProbeStatus::Attached, None) => "not told by this kernel".into(),
            _ => NO_VALUE.into(),
        };
        let row = if is_missing { el("tr").class("hot") } else { el("tr") };
        row.child(el("th").attr("scope", "row").text(&probe.name))
            .child(el("td").text(probe.mechanism.label()))
            .child(el("td").text(status))
            .child(el("td").class("figure").text(missed))
            .child(el("td").text(probe.reason.as_deref().unwrap_or_default()))
    });
    let table = el("table").class("plain").attr("id", "probes-table");
    let table = table.child(el("caption").text("What was observed")).child(el("thead").child(head));
    el("div").class("scroll").child(table.child(el("tbody").children(rows)))
}
