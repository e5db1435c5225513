//! The histogram log, read by HdrHistogram's own library.

use std::{fs, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{
    golden::{NAMES, recording_value},
    needs,
    tools::jars,
};
use tracer::{model::Recording, render};

const READER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/reports/java/ReadLog.java");

/// What the library reads in the logs of these recordings: a list of rows and sums each.
fn read(recordings: &[Value]) -> Vec<Vec<Value>> {
    let folder = TempDir::new().unwrap();
    let paths: Vec<_> = (0..recordings.len()).map(|index| folder.path().join(index.to_string())).collect();
    for (path, recording) in paths.iter().zip(recordings) {
        let recording: Recording = serde_json::from_value(recording.clone()).unwrap();
        fs::write(path, render::hlog(&recording)).unwrap();
    }
    let mut command = Command::new("java");
    command.args(["-XX:TieredStopAtLevel=1", "-cp"]).arg(jars("hdrhistogram")).arg(READER).args(&paths);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |path: &std::path::PathBuf| {
        let file = path.to_str().unwrap();
        lines.iter().filter(|line| line["file"] == file).cloned().collect()
    };
    paths.iter().map(of).collect()
}

fn tag<'a>(lines: &'a [Value], tag: &str) -> Option<&'a Value> {
    lines.iter().find(|line| line["kind"] == "tag" && line["tag"] == tag)
}

/// Holds a tag against a histogram of the recording.
fn assert_equal(lines: &[Value], name: &str, histogram: &Value) {
    let read = tag(lines, name).unwrap_or_else(|| panic!("no rows of {name} in {lines:#?}"));
    assert_eq!(read["count"], histogram["count"], "{name}");
    for percentile in ["p50", "p90", "p99", "p999", "max"] {
        // None of nothing: the library has 0 there.
        let Some(value) = histogram[percentile].as_u64() else { continue };
        let buckets = histogram["buckets"].as_array().unwrap();
        let bounds = buckets.iter().map(|bucket| bucket[0].as_u64().unwrap()..bucket[1].as_u64().unwrap());
        let bucket = bounds.clone().find(|bounds| bounds.contains(&value)).expect("a percentile lies in a bucket");
        let read = read[percentile].as_u64().unwrap();
        assert!(bucket.contains(&read), "{name} {percentile}: {read} is not in {bucket:?}");
    }
}

#[test]
fn counts_and_percentiles_are_those_of_the_recording() {
    let _machine = needs!(HdrHistogram);
    let recordings = NAMES.map(recording_value);
    let mut compared = 0;
    for (recording, lines) in recordings.iter().zip(read(&recordings)) {
        let knows_disk = recording["probes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|probe| probe["name"] != "disk waits" || probe["status"] == "attached");
        for syscall in recording["syscalls"].as_array().unwrap() {
            let name = syscall["name"].as_str().unwrap().replace('\x07', "\\x07");
            assert_equal(&lines, &name, &syscall["latency"]);
            if knows_disk {
                assert_equal(&lines, &format!("{name}.disk"), &syscall["by_cause"]["disk"]);
                assert_equal(&lines, &format!("{name}.without_disk"), &syscall["without_disk"]);
            } else {
                assert!(tag(&lines, &format!("{name}.disk")).is_none());
            }
            compared += 1;
        }
        for row in
            recording["event_loops"].as_array().into_iter().flatten().filter(|row| row["turn_latency"].is_object())
        {
            assert_equal(&lines, &format!("turns.{}.{}", row["pid"], row["tid"]), &row["turn_latency"]);
            compared += 1;
        }
    }
    assert!(compared >= NAMES.len(), "{compared}");
}

/// A recording of two seconds, cut in two.
fn cut_in_two() -> Value {
    let mut recording = recording_value("blocked");
    let latency = recording["syscalls"][0]["latency"]["buckets"].as_array().unwrap().clone();
    let disk = recording["syscalls"][0]["by_cause"]["disk"]["buckets"].as_array().unwrap().clone();
    let interval = |at_ns: u64, latency: &[Value], disk: &[Value]| {
        json!({"at_ns": at_ns, "duration_ns": 1_000_000_000, "syscalls": [{
            "name": "sendfile", "calls": 0, "bytes": 0, "slow": 0, "disk_blocked": 0, "disk_wait_ns": 0,
            "latency": {"buckets": latency}, "disk": {"buckets": disk},
        }]})
    };
    let (early, late) = latency.split_at(latency.len() / 2);
    recording["intervals"] = json!([interval(0, early, &[]), interval(1_000_000_000, late, &disk)]);
    recording
}

#[test]
fn intervals_are_rows_with_their_time() {
    let _machine = needs!(HdrHistogram);
    let recording = cut_in_two();
    let lines = read(std::slice::from_ref(&recording)).remove(0);
    let rows: Vec<_> = lines.iter().filter(|line| line["kind"] == "row" && line["tag"] == "sendfile").collect();
    let start: jiff::Timestamp = recording["window"]["start"].as_str().unwrap().parse().unwrap();
    let start_ms = start.as_millisecond();
    let times: Vec<_> =
        rows.iter().map(|row| (row["from_ms"].as_i64().unwrap(), row["to_ms"].as_i64().unwrap())).collect();
    assert_eq!(times, [(start_ms, start_ms + 1000), (start_ms + 1000, start_ms + 2000)]);
    assert!(rows.iter().all(|row| row["count"].as_u64().unwrap() > 0));
    let syscall = &recording["syscalls"][0];
    assert_equal(&lines, "sendfile", &syscall["latency"]);
    assert_equal(&lines, "sendfile.disk", &syscall["by_cause"]["disk"]);
}

/// Rows that are added up must not come to more or less than was counted.
#[test]
fn intervals_that_are_not_all_of_it_are_left_out() {
    let _machine = needs!(HdrHistogram);
    let mut recording = cut_in_two();
    recording["intervals"].as_array_mut().unwrap().pop();
    let lines = read(std::slice::from_ref(&recording)).remove(0);
    assert_equal(&lines, "sendfile", &recording["syscalls"][0]["latency"]);
    let text = render::hlog(&serde_json::from_value(recording).unwrap());
    assert!(text.contains("# sendfile: its intervals are not all of it"), "{text}");
}

#[test]
fn losses_and_an_inconclusive_verdict_are_comments() {
    let text = render::hlog(&tests::golden::recording("inconclusive"));
    for words in ["# inconclusive: ", "# lost: 12 calls were not counted", "# unseen: disk waits", "at most 1/16"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
}

#[test]
fn counts_of_any_size_are_written() {
    let mut recording = recording_value("blocked");
    let latency = &mut recording["syscalls"][0]["latency"];
    (latency["count"], latency["buckets"]) = (u64::MAX.into(), json!([[0, 1, u64::MAX - 1], [1, 2, 1]]));
    latency["log2"] = latency["buckets"].clone();
    for percentile in ["p50", "p90", "p99", "p999"] {
        latency[percentile] = 0.into();
    }
    let text = render::hlog(&serde_json::from_value(recording).unwrap());
    assert!(text.contains("\nTag=sendfile,"), "{text}");
}
