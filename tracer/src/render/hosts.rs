//! Hosts as a dimension: where a recording is of several, each row says which it is about, in every format alike.

use std::collections::BTreeSet;

use super::facts::process_name;
use crate::{escape::escape, model::Recording, units::counted};

/// Whether rows are of more than one host.
pub fn are_several(recording: &Recording) -> bool {
    recording.runs.iter().any(|run| run.hostname.is_some())
}

/// The hosts of a merged recording as its rows name them; of another, as they name themselves.
pub fn names(recording: &Recording) -> BTreeSet<String> {
    if are_several(recording) {
        recording.runs.iter().filter_map(|run| run.hostname.as_deref()).map(escape).collect()
    } else {
        recording.hosts.iter().map(|host| escape(&host.hostname)).collect()
    }
}

/// A target on several hosts: `java (kafka.Kafka)` and ` on 3 hosts`.
pub fn target(recording: &Recording) -> [String; 2] {
    let names: BTreeSet<_> = recording.target.processes.iter().map(process_name).collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    let names = if names.is_empty() { escape(&recording.target.selector) } else { names };
    [names, format!(" on {}", counted(self::names(recording).len() as u64, "host", "hosts"))]
}

/// The heading of their column, where there are several.
pub fn heading(recording: &Recording) -> Option<&'static str> {
    are_several(recording).then_some("host")
}

/// The cell in the row of something on `hostname`, where there are several; empty in a row of several hosts.
pub fn cell(recording: &Recording, hostname: Option<&str>) -> Option<String> {
    are_several(recording).then(|| hostname.map_or_else(String::new, escape))
}

/// What a sentence puts before the name of something on `hostname`.
pub fn prefix(hostname: Option<&str>) -> String {
    hostname.map_or_else(String::new, |host| format!("{}: ", escape(host)))
}

/// The host that all rows have in common; `None` if they differ.
pub fn only<'a, T>(rows: &[&'a T], of: impl Fn(&'a T) -> Option<&'a str>) -> Option<&'a str> {
    let (first, others) = rows.split_first()?;
    of(first).filter(|first| others.iter().all(|row| of(row) == Some(first)))
}
