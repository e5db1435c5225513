//! What `tracer check` found, for people and programs: each renderer is a pure function of its report.

mod markdown;
mod table;
mod words;

pub use markdown::markdown;
pub use table::table;

use crate::{
    gate::{check::CheckReport, judged::Judged},
    render::json::document,
};

/// The report as JSON, with a newline at the end.
#[must_use]
pub fn json(report: &CheckReport) -> String {
    document(report)
}

/// The report as the formats of all gates take it.
#[must_use]
pub fn judged(report: &CheckReport) -> Judged {
    report.judged(words::limit_said, words::objective_said)
}
