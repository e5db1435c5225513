//! The answer so far, and what it rests on: who was blocked, by which file, for whom.

use std::collections::BTreeSet;

use ratatui::text::Line;

use super::pen::{Pen, cut};
use crate::{
    escape::escape,
    live::seen::Seen,
    model::{Recording, Status},
    render::{
        color::Tint,
        facts::{call, headline, identity},
        findings::{Findings, Peer, Place, Who},
        layout::{fit, fit_path, width},
        observation::Observation,
    },
    units::duration,
};

/// Where the text behind a label begins.
const TEXT_COLUMN: usize = 9;

/// Event loops that are named.
const LOOPS: usize = 3;

/// The verdict in at most `rows` lines; what matters most comes first.
pub fn verdict(seen: &Seen, pen: Pen, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let recording = &seen.recording;
    let (tint, sign) = match recording.verdict.status {
        Status::Blocked => (Tint::Disk, "■ "),
        Status::Clear => (Tint::Good, "● "),
        Status::Inconclusive => (Tint::Warning, "○ "),
    };
    let mut lines = vec![pen.line(tint, &format!("{sign}{}", headline(recording)), columns)];
    let findings = Findings::of(recording, LOOPS);
    let room = columns.saturating_sub(TEXT_COLUMN);
    let observation = Observation::of(recording);
    let mut first = Vec::new();
    let mut later = Vec::new();
    first.extend(findings.who.first().map(|row| ("who", who(row, room))));
    let place = findings.on.as_ref().map(|place| on(place, room));
    first.extend(place.or_else(|| on_in_worst_turn(recording, room)).map(|text| ("on", text)));
    first.extend(findings.serving.as_ref().map(|peer| ("for", serving(peer, room))));
    // What is missing is never left out for what is nice to know.
    first.extend(observation.warnings.iter().map(|(kind, text)| (*kind, text.clone())));
    first.extend(findings.why.iter().map(|text| ("why", text.clone())));
    later.extend(findings.cost.iter().map(|text| ("cost", text.clone())));
    later.extend(findings.advice.iter().map(|text| ("try", text.clone())));
    // More event loops stand behind the first one, if there is room for them.
    let spare = rows.saturating_sub(1 + first.len());
    let others: Vec<_> = findings.who.iter().skip(1).take(spare).map(|row| ("", who(row, room))).collect();
    let spare = spare - others.len();
    if !others.is_empty() {
        first.splice(1..1, others);
    }
    let shown = first.into_iter().chain(later.into_iter().take(spare)).take(rows.saturating_sub(1));
    let mut last = "";
    for (label, text) in shown {
        let tint = if matches!(label, "lost" | "missed" | "unseen") { Tint::Warning } else { Tint::Heading };
        let is_same = std::mem::replace(&mut last, label) == label;
        let label = if is_same { "" } else { label };
        let label = pen.span(tint, format!("  {label:<fill$}", fill = TEXT_COLUMN - 2));
        lines.push(Line::from(vec![label, cut(&text, room).into()]));
    }
    lines
}

fn who(Who { id, name, did }: &Who, room: usize) -> String {
    if did.is_empty() {
        return format!("{id} {}", fit(name, room));
    }
    let name = fit(name, room.saturating_sub(width(id) + width(did) + 3).max(12));
    format!("{id} {name}: {did}")
}

fn on(place: &Place, room: usize) -> String {
    match place {
        Place::Nowhere(why) => why.clone(),
        Place::Files { path, .. } => {
            let rest = place.rest(|file| fit(file, 40));
            format!("{} {rest}", fit_path(path, room.saturating_sub(width(&rest) + 1).max(20)))
        }
    }
}

/// Where the blocked event loops waited in calls that are not traced: the file of the longest disk wait that is known.
fn on_in_worst_turn(recording: &Recording, room: usize) -> Option<String> {
    let blocked: BTreeSet<_> = recording.verdict.threads.iter().map(identity).collect();
    let loops = recording.event_loops.iter().filter(|row| blocked.contains(&identity(&row.thread)));
    let waits = loops.filter_map(|row| row.worst_turn.as_ref()?.longest_wait.as_ref());
    let wait = waits.filter(|wait| wait.path.is_some()).max_by_key(|wait| wait.disk_wait_max_ns)?;
    let rest = format!("({} in {}, in the worst turn)", duration(wait.disk_wait_max_ns), call(&wait.syscall));
    let path = escape(wait.path.as_deref()?);
    Some(format!("{} {rest}", fit_path(&path, room.saturating_sub(width(&rest) + 1).max(20))))
}

fn serving(peer: &Peer, room: usize) -> String {
    match peer {
        Peer::Nobody(why) => why.clone(),
        Peer::Client { name, label, share } => {
            let label = label.as_ref().map_or_else(String::new, |label| format!(" {}", fit(label, 24)));
            let rest = format!("{label} {share}");
            format!("{}{rest}", fit_path(name, room.saturating_sub(width(&rest)).max(12)))
        }
    }
}
