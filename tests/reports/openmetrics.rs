//! The metrics, put to Prometheus' own parsers and to OpenMetrics' reference parser.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;
use tests::{
    golden::{NAMES, recording, recording_value, tainted},
    needs,
    require::DEBIANS_PYTHON,
    tools::promtool,
};
use tracer::{model::Recording, render};

/// Prints what the reference parser reads from stdin: a list of names, labels and values.
const READER: &str = r"
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = text_string_to_metric_families(sys.stdin.read())
print(json.dumps([[sample.name, sample.labels, sample.value] for family in families for sample in family.samples]))
";

fn run(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // A reader that refuses the beginning does not take the rest: its exit code tells.
    let _ = writer.join().unwrap();
    output
}

/// The samples by name and labels.
#[derive(Debug)]
struct Samples(BTreeMap<(String, BTreeMap<String, String>), f64>);

impl Samples {
    fn read(text: &str) -> Self {
        let output = run(Command::new(DEBIANS_PYTHON).args(["-c", READER]), text);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let samples: Vec<(String, BTreeMap<String, String>, f64)> = serde_json::from_slice(&output.stdout).unwrap();
        let number = samples.len();
        let samples: BTreeMap<_, _> =
            samples.into_iter().map(|(name, labels, value)| ((name, labels), value)).collect();
        assert_eq!(samples.len(), number, "a sample is there twice");
        Self(samples)
    }

    fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.0.get(&(name.to_owned(), labels)).copied()
    }

    fn count(&self, name: &str) -> usize {
        self.0.keys().filter(|(other, _)| other == name).count()
    }

    /// Holds a histogram against one of the recording.
    fn assert_histogram(&self, name: &str, labels: &[(&str, &str)], histogram: &Value) {
        let at = format!("{name}{labels:?}");
        assert_eq!(self.get(&format!("{name}_count"), labels), histogram["count"].as_f64(), "{at}");
        let sum = histogram["sum"].as_f64().map(|ns| ns / 1e9);
        assert_eq!(self.get(&format!("{name}_sum"), labels), sum, "{at}");
        let rows = histogram["log2"].as_array().unwrap();
        let bucket = format!("{name}_bucket");
        let mut edges = 0;
        for ((_, at), &count) in self.0.iter().filter(|((other, _), _)| *other == bucket) {
            let mut others = at.clone();
            let edge = others.remove("le").unwrap();
            if others.iter().map(|(name, value)| (name.as_str(), value.as_str())).ne(sorted(labels)) {
                continue;
            }
            // The JSON's rows end before `high`; in whole ns that is at `high` - 1.
            let edge_ns = edge.parse::<f64>().unwrap() * 1e9;
            let below = rows.iter().filter(|row| row[1].as_f64().unwrap() - 1.0 <= edge_ns + 0.5);
            let expected: f64 = below.map(|row| row[2].as_f64().unwrap()).sum();
            assert_eq!(count, expected, "{name} {labels:?} up to {edge}");
            edges += 1;
        }
        assert!(edges > 20, "{name} {labels:?} has {edges} buckets");
    }
}

fn sorted<'a>(labels: &[(&'a str, &'a str)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    BTreeMap::from_iter(labels.iter().copied()).into_iter()
}

/// A name as reports show it.
fn shown(name: &Value) -> String {
    tracer::escape::escape(name.as_str().unwrap())
}

fn knows_disk(recording: &Value) -> bool {
    let probes = recording["probes"].as_array().unwrap();
    probes.iter().all(|probe| probe["name"] != "disk waits" || probe["status"] == "attached")
}

fn assert_syscall(samples: &Samples, syscall: &Value, knows_disk: bool) {
    let name = shown(&syscall["name"]);
    let labels = [("syscall", name.as_str())];
    let total = |metric: &str| samples.get(&format!("{metric}_total"), &labels);
    for (metric, key) in [("tracer_calls", "calls"), ("tracer_returned_bytes", "bytes"), ("tracer_slow_calls", "slow")]
    {
        assert_eq!(total(metric), syscall[key].as_f64(), "{metric}");
    }
    for (metric, key) in [("tracer_disk_blocked_calls", "disk_blocked"), ("tracer_disk_waits", "disk_waits")] {
        assert_eq!(total(metric), syscall[key].as_f64().filter(|_| knows_disk), "{metric}");
    }
    for (error, number) in syscall["errors_by_name"].as_object().unwrap() {
        let error = tracer::escape::escape(error);
        let labels = [("syscall", name.as_str()), ("error", error.as_str())];
        assert_eq!(samples.get("tracer_call_errors_total", &labels), number.as_f64());
    }
    for (range, key) in [("requested", "cold_requested"), ("read_ahead", "read_ahead")] {
        let labels = [("syscall", name.as_str()), ("range", range)];
        assert_eq!(samples.get("tracer_cold_pages_total", &labels), syscall[key].as_f64());
    }
    assert_eq!(samples.get("tracer_memory_share_ratio", &labels), syscall["memory_share"].as_f64());
    let max = syscall["latency"]["max"].as_f64().map(|ns| ns / 1e9);
    assert_eq!(samples.get("tracer_call_latency_max_seconds", &labels), max);
    samples.assert_histogram("tracer_call_latency_seconds", &labels, &syscall["latency"]);
    for part in ["on_cpu", "disk", "runqueue", "other"] {
        let ns = syscall["time_ns"][part].as_f64().filter(|_| knows_disk);
        let labels = [("syscall", name.as_str()), ("part", part)];
        assert_eq!(samples.get("tracer_call_time_seconds_total", &labels), ns.map(|ns| ns / 1e9), "{part}");
        if knows_disk {
            let labels = [("syscall", name.as_str()), ("cause", part)];
            samples.assert_histogram("tracer_call_latency_by_cause_seconds", &labels, &syscall["by_cause"][part]);
        }
    }
    if knows_disk {
        samples.assert_histogram("tracer_call_latency_without_disk_seconds", &labels, &syscall["without_disk"]);
    }
}

fn assert_event_loop(samples: &Samples, row: &Value, knows_disk: bool) {
    let id = ["pid", "tid", "start_time_ns"].map(|key| row[key].to_string());
    let name = shown(&row["name"]);
    let labels = [("pid", id[0].as_str()), ("tid", &id[1]), ("start_time_ns", &id[2]), ("name", &name)];
    assert_eq!(samples.get("tracer_event_loop_turns_total", &labels), row["turns"].as_f64());
    assert_eq!(samples.get("tracer_event_loop_waited_behind_total", &labels), row["behind"].as_f64());
    let busy = row["busy_ns"].as_f64().map(|ns| ns / 1e9);
    assert_eq!(samples.get("tracer_event_loop_busy_seconds_total", &labels), busy);
    let disk = row["disk_wait_ns"].as_f64().filter(|_| knows_disk).map(|ns| ns / 1e9);
    assert_eq!(samples.get("tracer_event_loop_disk_wait_seconds_total", &labels), disk);
    if row["turn_latency"].is_object() {
        samples.assert_histogram("tracer_event_loop_turn_latency_seconds", &labels, &row["turn_latency"]);
    }
}

#[test]
fn the_reference_parser_reads_the_recordings_own_figures() {
    let _machine = needs!(PrometheusClient);
    for name in NAMES {
        let json = recording_value(name);
        let samples = Samples::read(&render::openmetrics(&recording(name)));
        for status in ["blocked", "clear", "inconclusive"] {
            let expected = f64::from(u8::from(json["verdict"]["status"] == status));
            assert_eq!(samples.get("tracer_verdict", &[("status", status)]), Some(expected), "{name}");
        }
        for (kind, number) in json["losses"].as_object().unwrap() {
            assert_eq!(samples.get("tracer_losses", &[("kind", kind)]), number.as_f64(), "{name}");
        }
        for probe in json["probes"].as_array().unwrap().iter().filter(|probe| probe["status"] != "off") {
            let (what, how) = (shown(&probe["name"]), shown(&probe["mechanism"]));
            let labels = [("probe", what.as_str()), ("mechanism", &how)];
            let attached = probe["status"] == "attached";
            assert_eq!(samples.get("tracer_probe_attached", &labels), Some(f64::from(u8::from(attached))), "{name}");
            let missed = probe["missed"].as_f64().filter(|_| attached);
            assert_eq!(samples.get("tracer_probe_missed_events", &labels), missed, "{name}");
        }
        let syscalls = json["syscalls"].as_array().unwrap();
        syscalls.iter().for_each(|syscall| assert_syscall(&samples, syscall, knows_disk(&json)));
        assert_eq!(samples.count("tracer_calls_total"), syscalls.len(), "{name}");
        let loops = json["event_loops"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        loops.iter().for_each(|row| assert_event_loop(&samples, row, knows_disk(&json)));
    }
}

#[test]
fn directions_are_told_apart_and_the_page_cache_is_told() {
    let _machine = needs!(PrometheusClient);
    let mut json = recording_value("several-calls");
    for (row, direction) in [(0, "file_to_pipe"), (1, "pipe_to_socket")] {
        json["syscalls"][row]["name"] = "splice".into();
        json["syscalls"][row]["direction"] = direction.into();
    }
    let total = serde_json::json!({
        "calls": 11, "bytes": 12, "pages": 13, "cold_requested": 14, "read_ahead": 15, "memory_share": null,
        "direct_calls": 16, "direct_bytes": 17, "faults": 18, "fault_pages": 19, "threads": [], "files": [],
    });
    json["page_cache"] = total;
    let recording = serde_json::from_value(json.clone()).unwrap();
    let samples = Samples::read(&render::openmetrics(&recording));
    for (row, direction) in [(0, "file_to_pipe"), (1, "pipe_to_socket")] {
        let labels = [("syscall", "splice"), ("direction", direction)];
        assert_eq!(samples.get("tracer_calls_total", &labels), json["syscalls"][row]["calls"].as_f64());
        samples.assert_histogram("tracer_call_latency_seconds", &labels, &json["syscalls"][row]["latency"]);
    }
    let of = |metric: &str| samples.get(&format!("tracer_page_cache_{metric}_total"), &[]);
    let metrics = [
        "reads",
        "read_bytes",
        "pages",
        "cold_pages",
        "read_ahead_pages",
        "direct_reads",
        "direct_bytes",
        "faults",
        "fault_pages",
    ];
    assert_eq!(metrics.map(of), std::array::from_fn(|index| Some(11.0 + index as f64)));
    let page = render::markdown(&recording, 10);
    assert!(page.contains("| `splice file→pipe` |") && page.contains("<summary>page cache</summary>"), "{page}");
    let log = render::hlog(&recording);
    assert!(log.contains("\nTag=splice.file_to_pipe,") && log.contains("\nTag=splice.pipe_to_socket,"), "{log}");
    let maps = render::bpftrace(&recording);
    assert!(maps.contains("\"@splice_file_to_pipe_ns\"") && maps.contains("\"@splice_pipe_to_socket_ns\""), "{maps}");
}

const HOSTILE: &str = "\"} 1\n# EOF\n\\\\,x=\"\r\u{202e}";

#[test]
fn a_label_is_read_back_as_it_was_shown() {
    let _machine = needs!(PrometheusClient);
    for name in NAMES {
        let hostile = tainted(name, HOSTILE);
        let samples = Samples::read(&render::openmetrics(&hostile));
        let shown = tracer::escape::escape(&hostile.target.selector);
        let about = samples.0.keys().find(|(name, _)| name == "tracer_recording_info").unwrap();
        assert_eq!(about.1["target"], shown, "{name}");
        assert_eq!(samples.count("tracer_calls_total"), hostile.syscalls.len(), "{name}");
    }
}

/// The text as the older format has it, where a counter is declared by the name of its samples.
fn for_the_text_format(text: &str) -> String {
    let counters: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let line = |line: &str| {
        let mut words: Vec<_> = line.splitn(4, ' ').map(String::from).collect();
        if words[0] == "#" && words.len() == 4 && counters.contains(&words[2].as_str()) {
            words[2] += "_total";
        }
        words.join(" ") + "\n"
    };
    text.lines().map(line).collect()
}

#[test]
fn promtool_finds_nothing_to_complain_of() {
    let _machine = needs!(Promtool);
    let recordings = NAMES.map(recording).into_iter().chain(NAMES.map(|name| tainted(name, HOSTILE)));
    for recording in recordings {
        let text = for_the_text_format(&render::openmetrics(&recording));
        let output = run(Command::new(promtool()).args(["check", "metrics"]), &text);
        let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.is_empty(), "{said}");
    }
}

/// As it is, the older parser knows the counters under no type: that is all that it may miss.
#[test]
fn an_older_parser_reads_it_as_it_is() {
    let _machine = needs!(Promtool);
    for name in NAMES {
        let output = run(Command::new(promtool()).args(["check", "metrics"]), &render::openmetrics(&recording(name)));
        let said = String::from_utf8_lossy(&output.stderr);
        // 3: read, with remarks.
        assert_eq!(output.status.code(), Some(3), "{name}: {said}");
        assert!(said.lines().all(|line| line.ends_with("_total no help text")), "{name}: {said}");
    }
}

#[test]
fn prometheus_stores_every_sample() {
    let _machine = needs!(Promtool);
    for name in NAMES {
        let folder = TempDir::new().unwrap();
        let (input, blocks) = (folder.path().join("metrics"), folder.path().join("blocks"));
        let text = render::openmetrics(&recording(name));
        let samples = text.lines().filter(|line| !line.starts_with('#')).count();
        // To be stored, a sample needs a time.
        let line =
            |line: &str| if line.starts_with('#') { format!("{line}\n") } else { format!("{line} 1795251600\n") };
        fs::write(&input, text.lines().map(line).collect::<String>()).unwrap();
        let mut command = Command::new(promtool());
        command.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&input).arg(&blocks);
        let output = run(&mut command, "");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        // It looks for the log of a server that runs.
        fs::create_dir(blocks.join("wal")).unwrap();
        let output = run(Command::new(promtool()).args(["tsdb", "dump"]).arg(&blocks), "");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let stored = String::from_utf8(output.stdout).unwrap();
        assert_eq!(stored.lines().count(), samples, "{name}");
        let syscall = &recording_value(name)["syscalls"][0];
        let called = tracer::escape::escape(syscall["name"].as_str().unwrap());
        let parts = ["\"tracer_calls_total\"", &format!("syscall={called:?}"), &format!("}} {} ", syscall["calls"])];
        let has_calls = |line: &str| parts.iter().all(|part| line.contains(part));
        assert!(stored.lines().any(has_calls), "{name}: {stored}");
    }
}

#[test]
fn what_is_not_known_is_left_out_and_explained() {
    let text = render::openmetrics(&recording("inconclusive"));
    assert!(!text.contains("tracer_disk_blocked_calls") && !text.contains("tracer_cold_pages"), "{text}");
    assert!(!text.contains("tracer_blocked_event_loops"), "{text}");
    assert!(text.contains("Metrics that rest on one that was not are absent."), "{text}");
    assert!(text.ends_with("\n# EOF\n"), "{text}");
}

#[test]
fn a_recording_of_nothing_is_still_metrics() {
    let mut empty: Recording = recording("no-calls");
    empty.syscalls.clear();
    empty.event_loops.clear();
    assert!(render::openmetrics(&empty).contains("tracer_verdict{status=\"clear\"} 1\n"));
}
