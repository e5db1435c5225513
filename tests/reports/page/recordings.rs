//! Recordings to make pages of: those of the golden tests, and larger ones made from them.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use tracer::{model::Recording, render};

/// Names of the golden recordings.
pub const GOLDEN: [&str; 8] = [
    "blocked",
    "blocked-in-pread",
    "clear",
    "hostile-names",
    "inconclusive",
    "many-threads",
    "no-calls",
    "several-calls",
];

/// A golden recording as it is published.
pub fn golden(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/recordings").join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}.json: {error}"))
}

/// The page of a recording.
pub fn page(recording: &Value) -> String {
    let recording: Recording = serde_json::from_value(recording.clone()).expect("a recording of this version");
    render::html(&recording)
}

/// A minute that goes bad at its middle: the `blocked` recording, its calls spread over `number` intervals of a second.
/// Not all of its sums are kept; the page shows what it is given.
pub fn over_time(number: u64) -> Value {
    const SECOND: u64 = 1_000_000_000;
    let mut recording = golden("blocked");
    let buckets = recording["syscalls"][0]["latency"]["buckets"].as_array().unwrap().clone();
    let mut state = 42u64;
    let mut dice = move |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    let intervals = (0..number).map(|second| {
        let is_bad = (number / 2..number * 3 / 4).contains(&second);
        let mut latency = Vec::new();
        let mut disk = Vec::new();
        for bucket in &buckets {
            let low = bucket[0].as_u64().unwrap();
            let calls = bucket[2].as_u64().unwrap();
            let here = calls * (50 + dice(100)) / 100 / 4 + u64::from(dice(12) < calls.min(2));
            let on_disk = if is_bad && low > 700_000 { 1 + dice(4) } else { 0 };
            let seen = if low > 700_000 { on_disk } else { here };
            if seen > 0 {
                latency.push(json!([low, bucket[1], seen]));
            }
            if on_disk > 0 {
                disk.push(json!([low, bucket[1], on_disk]));
            }
        }
        let sum = |rows: &[Value]| rows.iter().map(|row| row[2].as_u64().unwrap()).sum::<u64>();
        let row = json!({
            "name": "sendfile", "calls": sum(&latency), "bytes": sum(&latency) * 97_000, "slow": sum(&disk),
            "disk_blocked": sum(&disk), "disk_wait_ns": sum(&disk) * 4_100_000,
            "latency": {"buckets": latency}, "disk": {"buckets": disk},
        });
        json!({"at_ns": second * SECOND, "duration_ns": SECOND, "syscalls": [row]})
    });
    recording["intervals"] = intervals.collect();
    recording["window"]["duration_ns"] = json!(number * SECOND);
    recording
}
