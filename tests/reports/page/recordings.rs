//! Recordings to make pages of: those of the golden tests, and larger ones made from them.

use std::{fs, path::PathBuf, sync::LazyLock};

use serde::Deserialize as _;
use serde_json::{Value, json};
use tracer::{model::Recording, render};

/// A golden recording as it is published.
pub fn golden(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/recordings").join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}.json: {error}"))
}

/// The page of a recording.
pub fn page(recording: &Value) -> String {
    render::html(&Recording::deserialize(recording).expect("a recording of this version"))
}

/// The recording as tracer writes it.
pub fn json_of(recording: &Value) -> String {
    render::json(&Recording::deserialize(recording).expect("a recording of this version"))
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

/// The page of a recording of 10,000 threads, 100,000 slow calls and an hour of seconds.
pub static HUGE: LazyLock<String> = LazyLock::new(|| page(&huge()));

fn huge() -> Value {
    let mut recording = over_time(3_600);
    let syscall = &mut recording["syscalls"][0];
    let one = syscall["threads"][0].clone();
    let many = |one: &Value, number: u64, differ: &dyn Fn(&mut Value, u64)| -> Value {
        let rows = (0..number).map(|index| {
            let mut row = one.clone();
            differ(&mut row, index);
            row
        });
        rows.collect()
    };
    syscall["threads"] = many(&one, 10_000, &|row, index| {
        row["tid"] = json!(10_000 + index);
        row["name"] = json!(format!("worker-pool-with-a-long-name-{index}"));
        row["disk_wait_ns"] = json!(index * 1_000);
    });
    let file = syscall["files"][0].clone();
    syscall["files"] = many(&file, 10_000, &|row, index| row["path"] = json!(format!("/srv/data/part-{index}.log")));
    let client = syscall["clients"][0].clone();
    syscall["clients"] = many(&client, 10_000, &|row, index| {
        row["address"] = json!(format!("10.0.{}.{}:40000", index / 256, index % 256))
    });
    let call = recording["slow_calls"][0].clone();
    recording["slow_calls"] = many(&call, 100_000, &|row, index| {
        row["at_ns"] = json!(index * 36_000_000);
        row["latency_ns"] = json!(1_000_000 + index);
    });
    recording
}

/// A recording of eight system calls, the first busiest.
pub fn many_calls() -> Value {
    let mut recording = over_time(10);
    let one = recording["syscalls"][0].clone();
    let rows = (0..8).map(|index| {
        let mut row = one.clone();
        row["name"] = json!(format!("call{index}"));
        row["calls"] = json!(6_293 - index);
        row
    });
    recording["syscalls"] = rows.collect();
    recording
}
