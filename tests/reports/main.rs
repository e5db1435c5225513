//! Recordings that were kept: what is read and what is refused, how several become one, what `tracer report` makes of
//! them; and every format, letter for letter and read by a program of its own kind. No privilege needed.

mod any_recording;
mod bpftrace;
mod command;
mod contradictions;
mod gates;
mod golden;
mod hlog;
mod large;
mod markdown;
mod merge;
mod openmetrics;
mod page;
mod progress;
mod reading;
mod rules;
mod table;

use std::{fs, path::PathBuf};

use serde_json::Value;
use tracer::model::Recording;

/// A recording that is kept with the golden reports.
fn kept(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("golden/recordings/{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()))
}

/// A recording's JSON.
fn json(recording: &Recording) -> Value {
    serde_json::to_value(recording).expect("a recording is JSON")
}
