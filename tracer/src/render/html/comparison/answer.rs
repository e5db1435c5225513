//! The answer, what should be known before it is believed, and how it was found.

use crate::{
    gate::{compare::comparison::Comparison, outcome::Outcome},
    render::{
        compare::words,
        html::{
            answer::{Tone, answer, caution, findings, sentence},
            markup::{Element, el},
            section::Section,
        },
    },
    units::{share, share_setting},
};

/// The answer in a word.
pub fn word(comparison: &Comparison) -> &'static str {
    match comparison.outcome {
        Outcome::Pass => "Pass",
        Outcome::Inconclusive => "Inconclusive",
        Outcome::Fail => "Fail",
    }
}

/// The first thing on the page.
pub fn section(comparison: &Comparison) -> Element {
    let tone = match comparison.outcome {
        Outcome::Pass => Tone::Good,
        Outcome::Inconclusive => Tone::Unsure,
        Outcome::Fail => Tone::Bad,
    };
    let summary = words::summary(comparison);
    // The first reason of an inconclusive answer is in its sentence.
    let reasons = comparison.reasons.iter().filter(|reason| !summary.contains(*reason));
    let why = reasons.map(|reason| el("span").text(sentence(reason))).collect();
    answer(tone, word(comparison), &summary).children(findings(vec![("Why", why)]))
}

/// What should be known before it is believed.
pub fn cautions(comparison: &Comparison) -> Option<Element> {
    let warnings: Vec<_> = comparison.warnings.iter().map(|warning| sentence(warning)).collect();
    caution("Before you believe it", &warnings)
}

/// How it was decided.
pub fn how(comparison: &Comparison) -> Section {
    let mut section = Section::new("decided", "How it was decided");
    let drawn = comparison.metrics.iter().filter_map(|metric| metric.weighed.as_ref()).any(|found| found.p_error > 0.0);
    let mut rows = vec![
        ("Unit", "A run: calls of one run are not independent of each other.".to_owned()),
        (
            "Fail",
            format!(
                "Chance alone would order the runs so in at most {} of all comparisons (a permutation test of the runs, \
                 adjusted for all metrics that decide), and the change is {} or more, and above the metric's floor.",
                share_setting(comparison.level),
                share_setting(comparison.worse_from - 1.0)
            ),
        ),
        ("Pass", "The whole interval of the change lies below that, or below the floor.".to_owned()),
        (
            "Order",
            format!(
                "The old run began first in {} of all pairs; in turn it is about half.",
                share(comparison.old_first)
            ),
        ),
        (
            "Seed",
            match drawn {
                true => format!("{}: it chose the divisions of the runs that were looked at.", comparison.seed),
                false => format!("{}: not needed, all divisions of the runs were looked at.", comparison.seed),
            },
        ),
    ];
    rows.extend(words::looks(comparison).map(|looks| ("Early", sentence(&looks))));
    section.add(el("dl").class("setup").children(
        rows.into_iter().map(|(word, text)| el("div").child(el("dt").text(word)).child(el("dd").text(text))),
    ));
    section
}
