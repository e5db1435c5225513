//! The first thing on a page: the answer in a word and a sentence, and what to know before it is believed.

use super::markup::{Element, el};

/// How an answer looks. Colour repeats what mark and word say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something is wrong.
    Bad,
    /// Nothing is.
    Good,
    /// Not known.
    Unsure,
}

impl Tone {
    /// Its class, and the path of its mark.
    fn look(self) -> (&'static str, &'static str) {
        match self {
            Self::Bad => ("blocked", "M8 2L15 14H1z"),
            Self::Good => ("clear", "M2.5 8.5l3.5 3.5l7.5 -8.5"),
            Self::Unsure => ("inconclusive", "M8 2a6 6 0 1 0 .01 0M8 5v4M8 11v.5"),
        }
    }
}

/// The answer; what it rests on goes behind it.
pub fn answer(tone: Tone, word: &str, text: &str) -> Element {
    let (class, mark) = tone.look();
    let mark = el("svg")
        .class("mark")
        .attr("viewBox", "0 0 16 16")
        .attr("aria-hidden", "true")
        .child(el("path").attr("d", mark));
    let badge = el("p").class("badge").child(mark).child(el("strong").text(word));
    el("section")
        .attr("id", "verdict")
        .class(format!("verdict {class}"))
        .attr("aria-labelledby", "verdict-heading")
        .child(badge)
        .child(el("h1").attr("id", "verdict-heading").text(sentence(text)))
}

/// What it rests on: a word, and lines behind it. Words without lines are left out.
pub fn findings(mut findings: Vec<(&str, Vec<Element>)>) -> Option<Element> {
    findings.retain(|(_, lines)| !lines.is_empty());
    (!findings.is_empty()).then(|| {
        el("dl").children(findings.into_iter().map(|(word, lines)| {
            let lines = lines.into_iter().map(|line| el("dd").child(line));
            el("div").class(format!("finding {}", word.to_lowercase())).child(el("dt").text(word)).children(lines)
        }))
    })
}

/// What must not be overlooked, above all figures; `None` if there is nothing.
pub fn caution(heading: &str, notices: &[String]) -> Option<Element> {
    (!notices.is_empty()).then(|| {
        let list = el("ul").children(notices.iter().map(|notice| el("li").text(notice)));
        let heading = el("h2").attr("id", "notices-heading").text(heading);
        el("section").attr("id", "notices").attr("aria-labelledby", "notices-heading").child(heading).child(list)
    })
}

/// A sentence begins with a capital and ends with a full stop.
pub fn sentence(text: &str) -> String {
    let text = ended(text);
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), characters.as_str()))
}

/// With a full stop at its end.
pub fn ended(text: &str) -> String {
    let text = text.trim();
    let end = if text.is_empty() || text.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{text}{end}")
}
