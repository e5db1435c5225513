//! The window in pieces: printed while it goes on, and kept in the recording.

use serde_json::Value;
use tests::{needs, workload::Workload};

use crate::{Running, idle, run, tracer};

#[test]
fn each_interval_is_a_line_under_a_header() {
    let _machine = needs!(Root);
    let target = idle();
    let ran = run(tracer(&format!("sendfile --pid {} -d 500ms -i 100ms", target.pid())));
    ran.assert_measured();
    let lines: Vec<_> = ran.stdout.lines().take_while(|line| !line.starts_with("tracer ")).collect();
    assert!(lines[0].contains("from") && lines[0].contains("calls/s"), "{}", ran.stdout);
    assert!(lines[1..].iter().all(|line| line.starts_with("sendfile ")), "{}", ran.stdout);
    // The last tick and the end come together; on a busy machine a tick may come late.
    assert!((3..=6).contains(&(lines.len() - 1)), "{}", ran.stdout);
}

#[test]
fn intervals_sum_to_the_whole() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let mut workload = Workload::start("held --calls 400 --hold-us 5000");
    let running = Running::in_window(tracer(&format!("sendfile --pid {} -d 60 -o {}", workload.pid(), path.display())));
    let truth = workload.run();
    workload.end();
    running.end().assert_measured();
    tests::contract::check(&path);
    let recording: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let intervals = recording["intervals"].as_array().unwrap();
    assert!(intervals.len() >= 3, "{} intervals", intervals.len());
    let total = &recording["syscalls"][0];
    assert_eq!(total["calls"], truth.calls());
    let number = |value: &Value| value.as_u64().expect("a number");
    for field in ["calls", "bytes", "slow", "disk_blocked"] {
        let sum: u64 = intervals.iter().map(|interval| number(&interval["syscalls"][0][field])).sum();
        assert_eq!(sum, number(&total[field]), "{field}");
    }
    let waited: u64 = intervals.iter().map(|interval| number(&interval["syscalls"][0]["disk_wait_ns"])).sum();
    assert_eq!(waited, number(&total["time_ns"]["disk"]));
    let length: u64 = intervals.iter().map(|interval| number(&interval["duration_ns"])).sum();
    assert_eq!(length, number(&recording["window"]["duration_ns"]));
}
