//! The answer.

use super::Report;
use crate::{
    model::Status,
    render::{
        color::Tint,
        facts::headline,
        findings::{Findings, Peer, Place, Who},
        layout::{LEAST_NAME, TEXT_COLUMN, fit, fit_path, labelled, paragraph, width},
    },
};

/// A name of this length still tells threads of a kind apart.
const READABLE_NAME: usize = 24;

pub fn section(report: &Report) -> String {
    let columns = report.style.width;
    let headline = paragraph(&headline(report.recording), columns);
    let tint = match report.recording.verdict.status {
        Status::Blocked => Tint::Disk,
        Status::Clear => Tint::Good,
        Status::Inconclusive => Tint::Warning,
    };
    let mut out = report.paint.lines(tint, &headline);
    let findings = Findings::of(report.recording, report.style.top);
    for (index, row) in findings.who.iter().enumerate() {
        out += &who(if index == 0 { "who" } else { "" }, row, columns);
    }
    if let Some(more) = findings.more_loops() {
        out += &labelled("", &more, columns);
    }
    if let Some(place) = &findings.on {
        out += &on(place, columns);
    }
    if let Some(peer) = &findings.serving {
        out += &serving(peer, columns);
    }
    out += &listed("why", &findings.why, columns);
    out += &listed("cost", &findings.cost, columns);
    out + &listed("try", &findings.advice, columns)
}

/// A thread and what it did, on one line if its name stays readable, otherwise on two.
fn who(label: &str, Who { id, name, did }: &Who, columns: usize) -> String {
    let room = columns.saturating_sub(TEXT_COLUMN + width(id) + 1);
    let room_on_one_line = room.saturating_sub(width(": ") + width(did));
    if did.is_empty() {
        labelled(label, &format!("{id} {}", fit(name, room.max(LEAST_NAME))), usize::MAX)
    } else if room_on_one_line >= width(name).min(READABLE_NAME) {
        labelled(label, &format!("{id} {}: {did}", fit(name, room_on_one_line)), usize::MAX)
    } else {
        let name = fit(name, room.saturating_sub(1).max(LEAST_NAME));
        labelled(label, &format!("{id} {name}:"), usize::MAX) + &labelled("", did, columns)
    }
}

fn on(place: &Place, columns: usize) -> String {
    match place {
        Place::Nowhere(why) => labelled("on", why, columns),
        Place::Files { path, .. } => {
            let rest = place.rest(|file| fit(file, columns.saturating_sub(TEXT_COLUMN + 1)));
            named("on", path, &rest, columns)
        }
    }
}

fn serving(peer: &Peer, columns: usize) -> String {
    match peer {
        Peer::Nobody(why) => labelled("for", why, columns),
        Peer::Client { name, label, share } => {
            let rest = match label {
                Some(label) => format!("{} {share}", fit(label, READABLE_NAME)),
                None => share.clone(),
            };
            named("for", name, &rest, columns)
        }
    }
}

/// A path or address and what is said of it, on one line if the name stays readable.
fn named(label: &str, name: &str, rest: &str, columns: usize) -> String {
    let room = columns.saturating_sub(TEXT_COLUMN);
    let room_on_one_line = room.saturating_sub(width(rest) + 1);
    let is_readable = room_on_one_line >= width(name).min(READABLE_NAME);
    let name = fit_path(name, if is_readable { room_on_one_line } else { room });
    labelled(label, &format!("{name} {rest}"), columns)
}

/// A line or more for each text, the label before the first.
fn listed(label: &str, texts: &[String], columns: usize) -> String {
    let lines = texts.iter().enumerate();
    lines.map(|(index, text)| labelled(if index == 0 { label } else { "" }, text, columns)).collect()
}
