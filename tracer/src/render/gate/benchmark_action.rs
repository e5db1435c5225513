//! What github-action-benchmark reads as `customSmallerIsBetter`.

use serde_json::{Map, Value, json};

use super::figures::{bounds, named, of_check};
use crate::{escape::escape, gate::judged::Judged};

/// A list of figures, those of the checks that do not count too: `name`, `unit`, `value`, `range` where an interval is
/// known, and the finding as `extra`.
#[must_use]
pub fn benchmark_action(judged: &Judged) -> String {
    let entries = named(judged, of_check).map(|named| {
        let mut entry = Map::new();
        entry.insert("name".into(), named.name.of.into());
        entry.insert("unit".into(), named.figure.unit.into());
        entry.insert("value".into(), json!(named.figure.value));
        if let (Some(low), Some(high)) = bounds(named.figure) {
            entry.insert("range".into(), format!("{low} to {high}").into());
        }
        entry.insert("extra".into(), escape(&named.check.finding).into());
        Value::Object(entry)
    });
    format!("{:#}\n", Value::Array(entries.collect()))
}
