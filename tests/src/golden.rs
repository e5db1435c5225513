//! Recordings that are kept, and the reports that they must give.

use std::{fmt::Write, fs, path::PathBuf};

use serde_json::Value;
use tracer::{analysis::merge::merge, model::Recording};

/// The recordings, in order.
pub const NAMES: [&str; 15] = [
    "blocked",
    "blocked-in-pread",
    "clear",
    "event-loops",
    "hostile-names",
    "inconclusive",
    "kafka-cold",
    "kafka-idle",
    "many-threads",
    "nginx-cold",
    "nginx-hot",
    "nginx-idle",
    "nginx-minute",
    "no-calls",
    "several-calls",
];

/// Those that tracer made of real servers (`cargo xtask recordings`). The others are made up.
pub const REAL: [&str; 6] = ["kafka-cold", "kafka-idle", "nginx-cold", "nginx-hot", "nginx-idle", "nginx-minute"];

/// nginx on three hosts, measured at almost the same time: the same figures three times.
///
/// # Panics
/// If it does not merge.
#[must_use]
pub fn fleet() -> Recording {
    let hosts = [("web-1", 0), ("web-2", 250), ("web-3", 400)].map(|(hostname, later_ms)| {
        let mut recording = recording("nginx-cold");
        (recording.hosts[0].hostname, recording.hosts[0].boot_id) = (hostname.into(), format!("boot of {hostname}"));
        recording.window.start += jiff::SignedDuration::from_millis(later_ms);
        recording
    });
    merge(hosts.into()).unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

/// A folder beside the tests of the table.
#[must_use]
pub fn path(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(folder)
}

/// The JSON of a recording.
///
/// # Panics
/// If there is none of this name.
#[must_use]
pub fn recording_text(name: &str) -> String {
    let path = path("recordings").join(format!("{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()))
}

/// The JSON of a recording, as a value.
///
/// # Panics
/// If there is none of this name.
#[must_use]
pub fn recording_value(name: &str) -> Value {
    serde_json::from_str(&recording_text(name)).unwrap_or_else(|error| panic!("{name}.json: {error}"))
}

/// A recording.
///
/// # Panics
/// If there is none of this name.
#[must_use]
pub fn recording(name: &str) -> Recording {
    serde_json::from_str(&recording_text(name)).unwrap_or_else(|error| panic!("{name}.json: {error}"))
}

/// Holds reports against the files of their names; `UPDATE_GOLDEN=1` writes these anew.
///
/// # Panics
/// If a report differs.
pub fn assert_reports(reports: impl IntoIterator<Item = (String, String)>) {
    assert_files("reports", reports);
}

/// The same for files of another folder.
///
/// # Panics
/// If one differs.
pub fn assert_files(folder: &str, files: impl IntoIterator<Item = (String, String)>) {
    let mut differences = String::new();
    for (name, actual) in files {
        let path = path(folder).join(&name);
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty()) {
            fs::write(&path, &actual).unwrap_or_else(|error| panic!("writing {}: {error}", path.display()));
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if actual != expected {
            let _ = write!(differences, "\n{name}:\n{}", difference(&expected, &actual));
        }
    }
    assert!(differences.is_empty(), "reports differ (UPDATE_GOLDEN=1 accepts them as they are now):\n{differences}");
}

/// A page with a line for each element, so that it can be compared; without its style, its script and the recording in it,
/// which are tested by themselves.
#[must_use]
pub fn lines_of_page(page: &str) -> String {
    let mut out = String::new();
    for element in page.split_inclusive('>') {
        let is_own = |tag: &str| element.ends_with(tag) && element != tag && element.len() > 200;
        let tag = ["</style>", "</script>"].into_iter().find(|tag| is_own(tag));
        out += tag.unwrap_or(element);
        out.push('\n');
    }
    out
}

/// The lines between the first and the last that differ: `-` expected, `+` actual, escapes visible.
#[must_use]
pub fn difference(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let same_before = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let shorter = old.len().min(new.len()) - same_before;
    let same_after = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count().min(shorter);
    let shown = |mark: char, lines: &[&str]| -> String {
        let lines = &lines[same_before..lines.len() - same_after];
        lines.iter().map(|line| format!("{mark} {}\n", line.replace('\x1b', "\\x1b"))).collect()
    };
    format!("  from line {}:\n{}{}", same_before + 1, shown('-', &old), shown('+', &new))
}

/// A recording with `text` behind every string but those that the format itself fixes.
///
/// # Panics
/// If there is none of this name.
#[must_use]
pub fn tainted(name: &str, text: &str) -> Recording {
    let mut value = recording_value(name);
    taint(&mut value, text);
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{name}.json, tainted: {error}"))
}

/// Appends `text` to every string but those that the format itself fixes.
pub fn taint(value: &mut Value, text: &str) {
    const FIXED: [&str; 7] = ["unit", "scheme", "role", "status", "mechanism", "start", "out"];
    match value {
        Value::String(string) => string.push_str(text),
        Value::Array(items) => items.iter_mut().for_each(|item| taint(item, text)),
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                if !FIXED.contains(&key.as_str()) {
                    taint(member, text);
                }
            }
        }
        _ => {}
    }
}
