//! The maps, held against those that bpftrace itself prints for the same values.

use std::{
    fmt::Write,
    process::{Command, Stdio},
};

use serde_json::Value;
use tests::{
    golden::{NAMES, recording},
    needs,
};
use tracer::{
    model::{ByCause, Histogram, HistogramBuilder, Recording},
    render,
};

/// ns: with gaps, doublets and both ends of a row.
const VALUES: [u64; 9] = [0, 1, 5, 5, 1023, 1024, 1500, 70_000, 16_777_216];

fn histogram(values: &[u64]) -> Histogram {
    let mut builder = HistogramBuilder::default();
    values.iter().for_each(|&value| builder.record(value));
    builder.build()
}

/// A recording of one system call with these latencies, all on the CPU.
fn recording_of(values: &[u64]) -> Recording {
    let mut recording = recording("blocked");
    let syscall = &mut recording.syscalls[0];
    syscall.latency = histogram(values);
    syscall.by_cause = ByCause { on_cpu: histogram(values), ..ByCause::default() };
    syscall.threads.truncate(1);
    syscall.threads[0].latency = histogram(values);
    recording
}

/// What bpftrace prints at the end of a program with these maps, line by line.
fn bpftrace(statements: &str) -> Vec<String> {
    let program = format!("BEGIN {{ {statements} exit(); }}");
    let mut command = Command::new("bpftrace");
    command.args(["-f", "json", "-e", &program]).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect()
}

/// The line of a report that has `text`.
fn line<'a>(lines: impl IntoIterator<Item = &'a str>, text: &str) -> &'a str {
    let mut fitting = lines.into_iter().filter(|line| line.contains(text));
    let line = fitting.next().unwrap_or_else(|| panic!("no line with {text}"));
    assert!(fitting.next().is_none(), "several lines with {text}");
    line
}

#[test]
fn histograms_are_bpftraces_own_to_the_letter() {
    let _machine = needs!(Root, Bpftrace);
    let report = render::bpftrace(&recording_of(&VALUES));
    let tid = recording("blocked").syscalls[0].threads[0].thread.tid.0;
    let mut statements = String::new();
    for value in VALUES {
        let _ = write!(statements, "@sendfile_ns = hist({value}); ");
        let _ = write!(statements, "@sendfile_ns_by_cause[\"on_cpu\"] = hist({value}); ");
        let _ = write!(statements, "@sendfile_ns_by_tid[{tid}] = hist({value}); ");
    }
    let printed = bpftrace(&statements);
    for map in ["\"@sendfile_ns\"", "\"@sendfile_ns_by_cause\"", "\"@sendfile_ns_by_tid\""] {
        assert_eq!(line(report.lines(), map), line(printed.iter().map(String::as_str), map));
    }
}

#[test]
fn maps_and_words_have_bpftraces_form() {
    let _machine = needs!(Root, Bpftrace);
    let report = render::bpftrace(&recording_of(&VALUES));
    let printed = bpftrace(r#"@sendfile["calls"] = 6293; printf("why: \"a\"\n");"#);
    let parsed = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let ours = parsed(line(report.lines(), "\"@sendfile\""));
    let theirs = parsed(line(printed.iter().map(String::as_str), "\"@sendfile\""));
    assert_eq!(
        (&ours["type"], &ours["data"]["@sendfile"]["calls"]),
        (&theirs["type"], &theirs["data"]["@sendfile"]["calls"])
    );
    let theirs = parsed(line(printed.iter().map(String::as_str), "printf"));
    let ours = parsed(line(report.lines(), "why: "));
    assert_eq!((&ours["type"], theirs["data"].as_str()), (&theirs["type"], Some("why: \"a\"\n")));
    assert!(ours["data"].as_str().unwrap().ends_with('\n'), "{ours}");
}

#[test]
fn every_line_of_every_recording_is_json() {
    for name in NAMES {
        for line in render::bpftrace(&recording(name)).lines() {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"));
            assert!(value["type"].is_string() && !value["data"].is_null(), "{name}: {line}");
        }
    }
}

#[test]
fn losses_and_an_inconclusive_verdict_are_said() {
    let text = render::bpftrace(&recording("inconclusive"));
    for words in
        ["inconclusive: disk waits could not be observed", "lost: 12 calls", r#""lost_events", "data": {"events": 12}"#]
    {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(!text.contains("by_cause") && !text.contains("disk_blocked"), "{text}");
}
