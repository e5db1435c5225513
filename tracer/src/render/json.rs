//! The recording itself.

use crate::model::Recording;

/// The recording as JSON for people and programs: indented, with a newline at the end.
#[must_use]
pub fn json(recording: &Recording) -> String {
    let text = serde_json::to_string_pretty(recording);
    // The types hold no map with keys that JSON lacks, the only way this can fail.
    text.expect("a recording is always JSON") + "\n"
}
