//! The exporter against what workloads did, and against clients that mean it no good.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use tests::{
    exporter::{Exporter, Samples, samples},
    needs,
    tools::promtool,
    truth::Truth,
    workload::Workload,
};

const CALLS: &str = "tracer_calls_total{syscall=\"sendfile\"}";

/// What a workload did, as the exporter tells it.
fn told(samples: &Samples) -> [f64; 4] {
    let of = |name: &str| samples.get(name).copied().unwrap_or(0.0);
    let errors = samples.iter().filter(|(name, _)| name.starts_with("tracer_call_errors_total{"));
    [
        of(CALLS),
        of("tracer_returned_bytes_total{syscall=\"sendfile\"}"),
        errors.map(|(_, number)| number).sum(),
        of("tracer_calls_across_windows_total") + of("tracer_losses_total{kind=\"calls_uncounted\"}"),
    ]
}

fn did(truth: &Truth) -> [u64; 3] {
    let sum = |of: &dyn Fn(&tests::truth::ThreadTruth) -> u64| truth.threads.iter().map(of).sum();
    [sum(&|thread| thread.calls), sum(&|thread| thread.bytes), sum(&|thread| thread.errors.values().sum())]
}

/// Nothing that only grows is less than before.
fn assert_grown(before: &Samples, now: &Samples) {
    let grows = |name: &&String| {
        let name = name.split('{').next().unwrap_or_default();
        ["_total", "_bucket", "_count", "_sum"].iter().any(|suffix| name.ends_with(suffix))
    };
    for name in before.keys().filter(grows) {
        if let Some(value) = now.get(name) {
            assert!(*value >= before[name], "{name} was {} and is {value}", before[name]);
        }
    }
}

/// The parts are the whole: causes, threads and processes.
fn assert_adds_up(samples: &Samples) {
    let sum =
        |begins: &str| samples.iter().filter(|(name, _)| name.starts_with(begins)).map(|(_, value)| value).sum::<f64>();
    let calls = samples[CALLS];
    assert_eq!(samples["tracer_call_latency_seconds_count{syscall=\"sendfile\"}"], calls);
    assert_eq!(samples["tracer_call_latency_seconds_bucket{syscall=\"sendfile\",le=\"+Inf\"}"], calls);
    assert_eq!(sum("tracer_call_latency_by_cause_seconds_count{"), calls);
    assert_eq!(sum("tracer_thread_calls_total{"), calls);
    assert_eq!(sum("tracer_process_calls_total{"), calls);
}

#[test]
fn over_many_windows_and_scrapers_the_counters_grow_by_what_was_done() {
    let _machine = needs!(Root);
    let exporter = Exporter::start("--comm workload --window 3s --top 2");
    let (mut calls, mut bytes, mut errors) = (0.0, 0.0, 0.0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut before = Samples::new();
                while !is_over.load(Ordering::Relaxed) {
                    let now = exporter.samples();
                    assert_grown(&before, &now);
                    before = now;
                }
            });
        }
        for round in 0..4 {
            // Set up and ended outside of the window's first and last moment, whatever the machine is busy with.
            let mut workload = Workload::start("count --waves 3 --threads 8 --calls 500 --fail EBADF=2");
            let windows = |samples: &Samples| samples["tracer_windows_total"];
            let first = windows(&exporter.samples());
            exporter.samples_when(|samples| windows(samples) > first);
            let [did_calls, did_bytes, did_errors] = did(&workload.run());
            calls += did_calls as f64;
            bytes += did_bytes as f64;
            errors += did_errors as f64;
            let now = windows(&exporter.samples());
            // What was under way when a window closed is told to be counted nowhere.
            let seen = exporter.samples_when(|samples| {
                windows(samples) > now && (told(samples)[0] + told(samples)[3] >= calls || windows(samples) > now + 3.0)
            });
            let [seen_calls, seen_bytes, seen_errors, lost] = told(&seen);
            if lost == 0.0 {
                assert_eq!([seen_calls, seen_bytes, seen_errors], [calls, bytes, errors], "round {round}");
            } else {
                assert_eq!(seen_calls + lost, calls, "round {round}");
            }
            assert_adds_up(&seen);
            workload.end();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(exporter.end().0, 0);
}

#[test]
fn a_target_that_ends_is_told_and_one_that_starts_again_is_met() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 2 --calls 50");
    let exporter = Exporter::start(&format!("--pid {} --window 2s", workload.pid()));
    workload.run();
    exporter.samples_when(|samples| samples[CALLS] == 100.0);
    workload.end();
    drop(workload);
    let gone = exporter.samples_when(|samples| samples["tracer_targets"] == 0.0);
    assert_eq!(gone[CALLS], 100.0);
    let (code, said) = exporter.end();
    assert!(code == 0 && said.contains("nobody is there of --pid"), "{code}: {said}");

    let exporter = Exporter::start("--comm workload --window 2s");
    for round in 1..=3 {
        let mut workload = Workload::start("count --threads 2 --calls 50");
        exporter.samples_when(|samples| samples["tracer_targets"] == 1.0);
        workload.run();
        // None is under way for long: a window that closes meets one by chance alone.
        exporter.samples_when(|samples| told(samples)[0] + told(samples)[3] == f64::from(round) * 100.0);
        workload.end();
    }
}

#[test]
fn prometheus_own_linter_and_parser_read_it() {
    let _machine = needs!(Root, Promtool);
    let exporter = Exporter::start("--all --with splice,pagecache --window 2s");
    exporter.samples_when(|samples| samples["tracer_windows_total"] > 0.0);
    let text = exporter.get("/metrics").body;
    let mut linter = Command::new(promtool());
    linter.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut linter = linter.spawn().unwrap();
    linter.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = linter.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n";
    let openmetrics = exporter.ask(request);
    assert!(openmetrics.head.contains("application/openmetrics-text; version=1.0.0"), "{}", openmetrics.head);
    assert!(openmetrics.body.ends_with("# EOF\n"));
    assert_is_documented(&text);
    for (path, begins) in [("/", "<!DOCTYPE html>"), ("/report.html", "<!DOCTYPE html>"), ("/recording.json", "{\n")] {
        let answer = exporter.get(path);
        assert!(answer.status == 200 && answer.body.starts_with(begins), "{path}: {}", answer.status);
    }
    let recording = serde_json::from_str::<tests::recording::Recording>(&exporter.get("/recording.json").body);
    assert!(recording.is_ok(), "{recording:?}");
}

/// The table of docs/metrics.md has all that is served, each with its type.
fn assert_is_documented(text: &str) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
    let document = fs::read_to_string(file).unwrap();
    let mut documented = BTreeMap::new();
    for line in document.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (name, kind) = (cells.next().unwrap(), cells.next().unwrap());
        documented.insert(name.trim_matches('`').to_owned(), kind.to_owned());
    }
    let served = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let served: BTreeMap<_, _> = served.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
    assert!(served.len() > 20, "{served:?}");
    for (name, kind) in &served {
        assert_eq!(documented.get(name), Some(kind), "docs/metrics.md does not have {name}");
    }
}

fn resident_kb(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn who_means_it_no_good_does_not_keep_others_from_their_figures() {
    let _machine = needs!(Root);
    let exporter = Exporter::start("--comm workload --window 60s");
    let resident = resident_kb(exporter.pid());
    // Half of a request, and nothing; these stay open.
    let half_open: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = exporter.connect();
            stream.write_all(b"GET /metr").unwrap();
            stream
        })
        .collect();
    assert_eq!(exporter.get("/healthz").status, 200);
    assert_eq!(exporter.ask(b"rubbish\r\n\r\n").status, 400);
    assert_eq!(exporter.ask(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").status, 405);
    assert_eq!(exporter.get("/../etc/passwd").status, 404);
    let huge = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    let mut stream = exporter.connect();
    let _ = stream.write_all(huge.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.is_empty() || String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 4"));
    // A body that never ends: whoever sends it is cut off.
    let mut stream = exporter.connect();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n").unwrap();
    let block = vec![0; 1 << 16];
    let refused = (0..16_000).find(|_| stream.write_all(&block).is_err());
    assert!(refused.is_some(), "it took a body of 1 GB");
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| assert!(samples(&exporter.get("/metrics").body).len() > 20));
        }
    });
    // The half-open ones are closed from its side, without an answer or with one that says so.
    for mut stream in half_open {
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let grown = resident_kb(exporter.pid()).saturating_sub(resident);
    assert!(grown < 32 << 10, "memory has grown by {grown} kB");
    assert_eq!(exporter.end().0, 0);
}
