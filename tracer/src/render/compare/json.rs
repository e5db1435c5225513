//! The comparison itself.

use crate::gate::compare::comparison::Comparison;

/// The comparison as JSON, with a newline at the end.
#[must_use]
pub fn json(comparison: &Comparison) -> String {
    // The types hold no map with keys that JSON lacks, the only way this can fail.
    serde_json::to_string_pretty(comparison).expect("a comparison is always JSON") + "\n"
}
