//! Who was measured, when, by which probes, and whether anything escaped them.

use super::Report;
use crate::{
    escape::escape,
    model::{Recording, Target},
    render::{
        color::Tint,
        facts::{self, process_name},
        hosts,
        layout::{LEAST_NAME, fit, labelled, labelled_items, width},
        observation::Observation,
    },
    units::{count, counted},
};

/// Processes named in the first line; the rest is counted.
const PROCESSES: usize = 3;

pub fn heading(report: &Report) -> String {
    let mut out = report.paint.lines(Tint::Heading, &first_line(report));
    let columns = report.style.width;
    out += &report.paint.lines(Tint::Faint, &labelled_items("host", &facts::host(report.recording), columns));
    let labels = facts::labels(report.recording);
    if !labels.is_empty() {
        out += &report.paint.lines(Tint::Faint, &labelled_items("labels", &labels, columns));
    }
    if report.recording.target.ended_early == Some(true) {
        let ended = labelled("target", "ended before the window did", columns);
        out += &report.paint.lines(Tint::Warning, &ended);
    }
    out + &probes(report)
}

fn first_line(report: &Report) -> String {
    let recording = report.recording;
    let command = facts::command(recording);
    let [window, threshold] = facts::window(recording);
    let separator = " · ";
    let others = [&command, &window, &threshold].map(|piece| width(piece) + width(separator)).iter().sum::<usize>();
    let room = report.style.width.saturating_sub(others);
    let target = if hosts::are_several(recording) { fleet(recording, room) } else { target(&recording.target, room) };
    [command, target, window, threshold].join(separator) + "\n"
}

/// The target in about `room` columns: `pid 4088 java (kafka.Kafka)`, ids whole, names cut to fit.
fn target(Target { processes, selector, processes_unlisted, .. }: &Target, room: usize) -> String {
    let unlisted = usize::try_from(processes_unlisted.unwrap_or(0)).unwrap_or(usize::MAX);
    // Where processes were not chosen by their ids, a few of these say less than what chose them.
    if processes.len() > 1 && !selector.starts_with("--pid") && !selector.starts_with("--tid") {
        return format!(
            "{}: {}",
            escape(selector),
            counted(processes.len().saturating_add(unlisted) as u64, "process", "processes")
        );
    }
    let shown = &processes[..processes.len().min(PROCESSES)];
    let more = match (processes.len() - shown.len()).saturating_add(unlisted) {
        0 => String::new(),
        hidden => format!(", and {} more", count(hidden as u64)),
    };
    let mut groups: Vec<(String, String)> = Vec::new();
    for process in shown {
        let names = process_name(process);
        match groups.last_mut() {
            Some(last) if last.1 == names => last.0 += &format!(", {}", process.pid),
            _ => groups.push((process.pid.to_string(), names)),
        }
    }
    let word = match processes.len() {
        0 => return format!("{}: no process", escape(selector)),
        1 => "pid",
        _ => "pids",
    };
    let ids: usize = groups.iter().map(|(ids, _)| ids.len() + ", ".len() + 1).sum();
    let room_each = room.saturating_sub(word.len() + ids + more.len()) / groups.len();
    let groups: Vec<_> =
        groups.iter().map(|(ids, names)| format!("{ids} {}", fit(names, room_each.max(LEAST_NAME)))).collect();
    format!("{word} {}{more}", groups.join(", "))
}

/// A target on several hosts in about `room` columns: `java (kafka.Kafka) on 3 hosts`.
fn fleet(recording: &Recording, room: usize) -> String {
    let [names, on] = hosts::target(recording);
    fit(&names, room.saturating_sub(width(&on)).max(LEAST_NAME)) + &on
}

/// One line where all is well, one more for each thing that is not.
fn probes(report: &Report) -> String {
    let columns = report.style.width;
    let observation = Observation::of(report.recording);
    let mut out = labelled_items("probes", &observation.in_short(), columns);
    let Observation { warnings, untold, .. } = observation;
    let warnings: String = warnings.iter().map(|(kind, warning)| labelled(kind, warning, columns)).collect();
    out += &report.paint.lines(Tint::Warning, &warnings);
    if let Some(untold) = untold {
        out += &report.paint.lines(Tint::Faint, &labelled("missed", &untold, columns));
    }
    out
}
