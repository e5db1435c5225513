//! The window in pieces: printed while it goes on, and kept in the recording.

use std::{collections::BTreeMap, fs, path::Path};

use rustix::process::Signal;
use serde_json::Value;
use tests::{needs, wait::soon, workload::Workload};

use crate::{FAILED, Running, idle, names_in, run, tracer};

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
    let recording: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
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

/// The lines of a file of intervals, each of them valid.
fn lines(path: &Path) -> Vec<Value> {
    tests::contract::check_lines(path);
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn lines_of_json_sum_to_the_recording() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().unwrap();
    let (path, whole) = (folder.path().join("run.jsonl"), folder.path().join("run.json"));
    let mut workload = Workload::start("held --calls 200 --hold-us 5000");
    let arguments =
        format!("sendfile --pid {} -d 60 -i 100ms -o {} -o {}", workload.pid(), path.display(), whole.display());
    let running = Running::in_window(tracer(&arguments));
    let truth = workload.run();
    workload.end();
    running.end().assert_measured();
    let lines = lines(&path);
    assert!(lines.len() >= 2, "{} lines", lines.len());
    let recording: Value = serde_json::from_str(&fs::read_to_string(whole).unwrap()).unwrap();
    let total = &recording["syscalls"][0];
    let number = |value: &Value| value.as_u64().expect("a number");
    let sum = |field: &str| lines.iter().map(|line| number(&line["syscalls"][0][field])).sum::<u64>();
    assert_eq!(sum("calls"), truth.calls());
    for field in ["calls", "bytes", "slow", "disk_blocked"] {
        assert_eq!(sum(field), number(&total[field]), "{field}");
    }
    assert_eq!(sum("disk_wait_ns"), number(&total["time_ns"]["disk"]));
    let mut buckets: BTreeMap<u64, u64> = BTreeMap::new();
    for bucket in lines.iter().flat_map(|line| line["syscalls"][0]["latency"]["buckets"].as_array().unwrap()) {
        *buckets.entry(number(&bucket[0])).or_default() += number(&bucket[2]);
    }
    let of_recording = total["latency"]["buckets"].as_array().unwrap();
    assert_eq!(buckets, of_recording.iter().map(|bucket| (number(&bucket[0]), number(&bucket[2]))).collect());
    let mut at_ns = 0;
    for line in &lines {
        assert_eq!(number(&line["at_ns"]), at_ns);
        at_ns += number(&line["duration_ns"]);
        assert_eq!(
            (&line["start"], &line["threshold_ns"]),
            (&recording["window"]["start"], &recording["threshold_ns"])
        );
        assert_eq!(
            (&line["hostname"], &line["selector"]),
            (&recording["hosts"][0]["hostname"], &recording["target"]["selector"])
        );
    }
    assert_eq!(at_ns, number(&recording["window"]["duration_ns"]));
}

#[test]
fn a_file_of_lines_grows_while_it_is_measured_and_keeps_whole_lines_when_tracer_is_killed() {
    let _machine = needs!(Root);
    let target = idle();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    fs::write(&path, "what was there before\n").unwrap();
    let running =
        Running::in_window(tracer(&format!("sendfile --pid {} -d 60 -i 20ms -q -o {}", target.pid(), path.display())));
    let grown = soon(|| (fs::read_to_string(&path).unwrap().matches('\n').count() >= 3).then_some(()));
    running.signal(Signal::KILL);
    drop(running);
    grown.expect("three lines");
    let lines = lines(&path);
    assert!(lines.len() >= 3);
    assert_eq!(names_in(folder.path()), ["run.jsonl"]);
}

#[test]
fn lines_of_json_on_stdout_are_all_that_is_there() {
    let _machine = needs!(Root);
    let target = idle();
    let folder = tempfile::tempdir().unwrap();
    let ran = run(tracer(&format!("sendfile --pid {} -d 300ms -i 100ms -f jsonl", target.pid())));
    ran.assert_measured();
    let path = folder.path().join("stdout.jsonl");
    fs::write(&path, &ran.stdout).unwrap();
    // The last tick and the end come together; on a busy machine a tick may come late.
    assert!((1..=4).contains(&lines(&path).len()), "{}", ran.stdout);
    // Without an interval there is a line each second, and for people none.
    let ran = run(tracer(&format!("sendfile --pid {} -d 100ms -o {}", target.pid(), path.display())));
    ran.assert_measured();
    assert_eq!(lines(&path).len(), 1);
    assert!(ran.stdout.starts_with("tracer sendfile"), "{}", ran.stdout);
}

#[test]
fn a_line_for_which_there_is_no_room_is_an_error_at_the_end() {
    let _machine = needs!(Root);
    let target = idle();
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("run.json");
    let arguments =
        format!("sendfile --pid {} -d 100ms -i 20ms -q -o jsonl:/dev/full -o {}", target.pid(), whole.display());
    run(tracer(&arguments)).assert_failed(FAILED, &["cannot write /dev/full", "No space left on device"]);
    tests::contract::check(&whole);
}
