//! The probes: a row for each, a column for each mechanism, and below them why what was refused was refused.

use super::table::{MARKS, Text};
use crate::{
    escape::escape,
    model::{Mechanism, ProbeTrial, RungTrial},
    render::{
        Style,
        color::{Paint, Tint},
        columns::{
            Column::{Figure, Word},
            Columns,
        },
    },
    units::{NO_VALUE, count},
};

/// The mechanisms, in the order of the ladder.
const MECHANISMS: [Mechanism; 4] = [Mechanism::Fentry, Mechanism::Tracepoint, Mechanism::Kprobe, Mechanism::TpBtf];

/// The list; nothing where nothing could be tried.
pub fn table(probes: &[ProbeTrial], style: &Style) -> String {
    if probes.is_empty() {
        return String::new();
    }
    let paint = Paint { color: style.color };
    let mut out = paint.lines(Tint::Heading, "\nPROBES, each tried by each mechanism\n");
    let labels = MECHANISMS.map(Mechanism::label);
    let headings = ["probe", "uses"].into_iter().chain(labels).map(|label| (label, Word));
    let mut list = Columns::new(&headings.chain([("instructions", Figure)]).collect::<Vec<_>>());
    for probe in probes {
        let cells = MECHANISMS.map(|mechanism| probe.rung(mechanism).map_or(NO_VALUE, word).to_owned());
        let verified = probe.rung(probe.chosen).and_then(most_verified).map_or_else(|| NO_VALUE.into(), count);
        let row = [escape(&probe.name), probe.chosen.label().into()].into_iter().chain(cells).chain([verified]);
        list.row(row.collect::<Vec<_>>(), (!probe.holds()).then_some(Tint::Disk));
    }
    out += &list.render(2, style.width, paint);
    out + &refusals(probes, style, paint)
}

/// What became of a rung.
fn word(rung: &RungTrial) -> &'static str {
    match (rung.holds, rung.fired) {
        (true, Some(true)) => "fired",
        (true, _) => "attached",
        (false, _) => "no",
    }
}

/// What the verifier looked at for the largest program.
fn most_verified(rung: &RungTrial) -> Option<u64> {
    rung.programs.iter().filter_map(|program| program.verified_instructions).max()
}

/// Each reason once, with the probes that it is about.
fn refusals(probes: &[ProbeTrial], style: &Style, paint: Paint) -> String {
    let mut groups: Vec<(&RungTrial, Vec<&str>)> = Vec::new();
    for probe in probes {
        for rung in probe.rungs.iter().filter(|rung| !rung.holds) {
            let same = |other: &RungTrial| other.mechanism == rung.mechanism && other.why == rung.why;
            match groups.iter_mut().find(|(first, _)| same(first)) {
                Some((_, names)) => names.push(&probe.name),
                None => groups.push((rung, vec![&probe.name])),
            }
        }
    }
    let mut out = String::new();
    let text = Text { indent: 4, columns: style.width };
    for (rung, names) in groups {
        let reason = rung.reason.as_deref().unwrap_or("refused");
        let about = format!("no {} for {}: {reason}", rung.mechanism.label(), names.join(", "));
        out += "  ";
        out += &text.flow(&escape(&about));
        let why = rung.why.as_deref().map(|why| ("why", why));
        let remedy = rung.remedy.as_deref().map(|remedy| (MARKS[1], remedy));
        for (label, words) in why.into_iter().chain(remedy) {
            out += &text.labelled(label, &escape(words), paint);
        }
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}
