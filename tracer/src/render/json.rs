//! The recording itself.

use crate::model::{IntervalLine, Recording};

/// The recording as JSON for people and programs: indented, with a newline at the end.
#[must_use]
pub fn json(recording: &Recording) -> String {
    let text = serde_json::to_string_pretty(recording);
    // The types hold no map with keys that JSON lacks, the only way this can fail.
    text.expect("a recording is always JSON") + "\n"
}

/// A piece of the window as one line of JSON.
#[must_use]
pub fn interval_line(line: &IntervalLine) -> String {
    let text = serde_json::to_string(line);
    // As above.
    text.expect("an interval is always JSON") + "\n"
}
