//! A summary for a pull-request comment or a job's page: the verdict as a sentence first, what it rests on, small tables,
//! and the details folded away.

mod details;
pub(in crate::render) mod page;
pub(in crate::render) mod tables;
pub(in crate::render) mod text;

use self::{
    page::Page,
    text::{code, plain},
};
use super::{
    facts::{self, headline},
    findings::{Findings, Peer, Place, Who},
    hosts,
    observation::Observation,
};
use crate::model::{Recording, Status};

/// Processes named in the line of the target; the rest is counted.
const PROCESSES: usize = 3;

/// Reasons and pieces of advice, which only a foreign recording has more of.
const SENTENCES: usize = 10;

/// The report as GitHub's Markdown, at most 65,536 bytes, with at most `top` rows in each list.
#[must_use]
pub fn markdown(recording: &Recording, top: usize) -> String {
    let mut page = Page::new(verdict(recording, top));
    page.add("what was measured", &measured(recording));
    for (what, section) in tables::sections(recording, top) {
        page.add(&what, &section);
    }
    for (what, section) in details::sections(recording, top) {
        page.add(&what, &section);
    }
    page.finish()
}

fn verdict(recording: &Recording, top: usize) -> String {
    let headline = headline(recording);
    let (word, rest) = headline.split_once(": ").unwrap_or((&headline, ""));
    let mut out = format!("### {}: **{word}**: {}\n\n", plain(&recording.tool.name), plain(rest));
    let verdict = &recording.verdict;
    // The other headlines have it already.
    if verdict.status == Status::Blocked {
        out += &format!("{}\n\n", plain(&verdict.summary));
    }
    let findings = Findings::of(recording, top);
    let mut rows: Vec<(&str, String)> = Vec::new();
    rows.extend(findings.who.iter().map(|row| ("who", who(row))));
    rows.extend(findings.more_loops().map(|more| ("who", more)));
    rows.extend(findings.on.as_ref().map(|place| ("on", on(place))));
    rows.extend(findings.serving.as_ref().map(|peer| ("for", serving(peer))));
    for (label, sentences) in [("why", &findings.why), ("cost", &findings.cost), ("try", &findings.advice)] {
        rows.extend(sentences.iter().take(SENTENCES).map(|sentence| (label, plain(sentence))));
    }
    for (label, row) in &rows {
        out += &format!("- **{label}** {row}\n");
    }
    if rows.is_empty() { out } else { out + "\n" }
}

fn who(Who { id, name, did }: &Who) -> String {
    let did = if did.is_empty() { String::new() } else { format!(": {}", plain(did)) };
    format!("{id} {}{did}", code(name))
}

fn on(place: &Place) -> String {
    match place {
        Place::Nowhere(why) => plain(why),
        Place::Files { path, .. } => format!("{} {}", code(path), plain(&place.rest(str::to_owned))),
    }
}

fn serving(peer: &Peer) -> String {
    match peer {
        Peer::Nobody(why) => plain(why),
        Peer::Client { name, label, share } => {
            let label = label.as_ref().map_or_else(String::new, |label| format!("{} ", code(label)));
            format!("{} {label}{}", code(name), plain(share))
        }
    }
}

/// Who was measured: the processes, or what they are called on several hosts.
fn target(recording: &Recording) -> Vec<String> {
    if hosts::are_several(recording) {
        let [names, on] = hosts::target(recording);
        return vec![code(&names) + &on];
    }
    let target = &recording.target;
    let mut items: Vec<_> = target
        .processes
        .iter()
        .take(PROCESSES)
        .map(|process| format!("pid {} {}", process.pid, code(&facts::process_name(process))))
        .collect();
    if items.is_empty() {
        items.push(format!("{}: no process", code(&crate::escape::escape(&target.selector))));
    }
    let more = target.processes.len().saturating_sub(PROCESSES);
    if more > 0 {
        items.push(format!("and {more} more"));
    }
    items
}

/// The target, the window, and anything that the figures below lack.
fn measured(recording: &Recording) -> String {
    let mut items = target(recording);
    items.extend(facts::window(recording));
    items.extend(facts::labels(recording).iter().take(SENTENCES).map(|label| code(label)));
    let Observation { warnings, all_well, .. } = Observation::of(recording);
    items.extend(all_well.map(String::from));
    let mut out = format!("{}\n\n", items.join(" · "));
    if recording.target.ended_early == Some(true) {
        out += "**target** ended before the window did\n\n";
    }
    for (kind, warning) in warnings {
        out += &format!("**{kind}** {}\n\n", plain(&warning));
    }
    out
}
