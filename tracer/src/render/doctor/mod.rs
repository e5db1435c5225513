//! What `tracer doctor` found, for people and programs: each renderer is a pure function of its report.

mod probes;
mod self_test;
mod table;

pub use table::table;

use super::json::document;
use crate::doctor::DoctorReport;

/// The report as JSON, with a newline at the end.
#[must_use]
pub fn json(report: &DoctorReport) -> String {
    document(report)
}
