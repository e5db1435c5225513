//! The page of a comparison: the answer, the metrics, each run as a point, and both sides laid over each other.

mod answer;
mod calls;
mod columns;
mod distributions;
mod metrics;
mod over_time;
mod runs;

use super::document::{Document, Part};
use crate::{
    gate::compare::{comparison::Comparison, figures::Run},
    render::compare::words,
};

/// The page. The runs are those that were compared, in their order.
#[must_use]
pub fn comparison(comparison: &Comparison, old: &[Run<'_>], new: &[Run<'_>]) -> String {
    let sides = [old, new].map(|side| side.iter().map(|run| run.recording).collect::<Vec<_>>());
    let calls = calls::all([&sides[0], &sides[1]]);
    let sections = [
        Some(metrics::section(comparison)),
        Some(runs::points(comparison)),
        distributions::section(&calls),
        over_time::section([&sides[0], &sides[1]], &calls),
        Some(runs::section(comparison)),
        Some(answer::how(comparison)),
    ];
    let first = [Some(answer::section(comparison)), answer::cautions(comparison)];
    let document = Document {
        title: format!("{} · {} · {}", answer::word(comparison), words::of(comparison), comparison.tool.name),
        command: format!("{} compare", comparison.tool.name),
        about: vec![words::of(comparison), words::sides(comparison)],
        first: first.into_iter().flatten().collect(),
        parts: sections.into_iter().flatten().map(Part::from).collect(),
        tool: &comparison.tool,
    };
    document.render()
}
