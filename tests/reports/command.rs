//! `tracer report` as a person and a script meet it.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;
use tests::{
    contract,
    tracer::{binary, in_folder},
};
use tracer::{
    analysis::merge::merge,
    model::Recording,
    render::{self, Style},
};

use crate::kept;

fn tracer_report(folder: &TempDir, arguments: &str) -> Command {
    let mut command = in_folder(folder.path(), "report");
    command.args(arguments.split_whitespace());
    command
}

fn run(mut command: Command) -> Output {
    let output = command.output().expect("running tracer");
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What it printed; it complained of nothing.
fn printed(command: Command) -> String {
    let output = run(command);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    text(&output.stdout)
}

/// It printed nothing, and complained in one line that says all of `words`.
fn assert_refused(command: Command, words: &[&str]) {
    let output = run(command);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(4), ""), "{said}");
    assert!(said.starts_with("tracer: ") && said.trim_end().lines().count() == 1, "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

fn recording(name: &str, minutes: i64) -> Recording {
    let mut recording: Recording = serde_json::from_str(&kept(name)).unwrap();
    recording.window.start += jiff::SignedDuration::from_mins(minutes);
    recording
}

/// A folder with two windows of one target, one of another target, and what is no recording.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, recording: &Recording| {
        fs::write(folder.path().join(name), render::json(recording)).unwrap();
    };
    fs::create_dir(folder.path().join("shards")).unwrap();
    write("shards/a.json", &recording("blocked", 0));
    write("shards/b.json", &recording("blocked", 10));
    fs::write(folder.path().join("shards/notes.txt"), "not read").unwrap();
    write("other.json", &recording("no-calls", 0));
    fs::write(folder.path().join("broken.json"), "{\"schema_version\": 1, ").unwrap();
    folder
}

fn table(recording: &Recording) -> String {
    render::table(recording, &Style::default())
}

#[test]
fn one_recording_gives_the_report_of_its_measurement() {
    let folder = folder();
    assert_eq!(printed(tracer_report(&folder, "shards/a.json")), table(&recording("blocked", 0)));
    let json: Value = serde_json::from_str(&printed(tracer_report(&folder, "-f json shards/a.json"))).unwrap();
    assert_eq!(json, serde_json::to_value(recording("blocked", 0)).unwrap());
}

#[test]
fn stdin_is_read_once() {
    let folder = folder();
    let mut command = tracer_report(&folder, "-");
    command.stdin(File::open(folder.path().join("shards/a.json")).unwrap());
    assert_eq!(printed(command), table(&recording("blocked", 0)));
    assert_refused(tracer_report(&folder, "- -"), &["cannot read stdin twice"]);
    assert_refused(tracer_report(&folder, "-"), &["cannot read stdin: it is empty"]);
}

#[test]
fn recordings_of_one_target_are_merged() {
    let folder = folder();
    let whole = merge(vec![recording("blocked", 0), recording("blocked", 10)]).unwrap();
    assert_eq!(printed(tracer_report(&folder, "shards")), table(&whole));
    assert_eq!(printed(tracer_report(&folder, "shards/b.json shards/a.json")), table(&whole));
    assert_eq!(printed(tracer_report(&folder, "-q -o whole.json shards")), "");
    contract::check(&folder.path().join("whole.json"));
    assert_eq!(printed(tracer_report(&folder, "whole.json")), table(&whole));
    assert_refused(
        tracer_report(&folder, "whole.json shards/a.json"),
        &["whole.json and shards/a.json", "count twice"],
    );
}

#[test]
fn reports_of_several_targets_stand_behind_each_other() {
    let folder = folder();
    let expected = table(&recording("no-calls", 0)) + "\n" + &table(&recording("blocked", 0));
    assert_eq!(printed(tracer_report(&folder, "other.json shards/a.json")), expected);
    let words = ["cannot write 2 targets as json, which holds one"];
    assert_refused(tracer_report(&folder, "-f json other.json shards/a.json"), &words);
    assert_refused(tracer_report(&folder, "-o all.json other.json shards/a.json"), &words);
    assert!(!folder.path().join("all.json").exists());
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = folder();
    assert_refused(tracer_report(&folder, "missing.json"), &["cannot read missing.json", "No such file"]);
    assert_refused(tracer_report(&folder, "broken.json"), &["cannot read broken.json", "it breaks off"]);
    assert_refused(tracer_report(&folder, "shards/a.json broken.json"), &["cannot read broken.json"]);
    assert_refused(tracer_report(&folder, "shards/notes.txt"), &["cannot read shards/notes.txt", "it is not JSON"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert_refused(tracer_report(&folder, "empty"), &["cannot read empty", "ends in .json"]);
    fs::write(folder.path().join("\u{1b}[2J.json"), "").unwrap();
    assert_refused(tracer_report(&folder, "\u{1b}[2J.json"), &[r"cannot read \x1b[2J.json: it is empty"]);
}

#[test]
fn what_is_too_large_is_refused_without_being_read() {
    let folder = folder();
    assert_refused(tracer_report(&folder, "/dev/zero"), &["cannot read /dev/zero: it is larger than 128 MiB"]);
    // A gigabyte that takes no room.
    File::create(folder.path().join("huge.json")).unwrap().set_len(1 << 30).unwrap();
    let limited = |path: &str| {
        let mut command = Command::new("sh");
        let script = r#"ulimit -v 1000000; exec "$@""#;
        command.args(["-euc", script, "sh"]).arg(binary()).args(["report", path]).current_dir(folder.path());
        command
    };
    assert_refused(limited("huge.json"), &["larger than 128 MiB"]);
    fs::write(folder.path().join("many.json"), format!("[{}0]", "0,".repeat(13_000_000))).unwrap();
    assert_refused(limited("many.json"), &["more than 12000000 values"]);
}

#[test]
fn an_output_that_cannot_be_written_is_found_before_anything_is_read() {
    let folder = folder();
    assert_refused(tracer_report(&folder, "-o /nonexistent/a.json missing.json"), &["no directory /nonexistent"]);
}

#[test]
fn what_is_read_is_said_on_request() {
    let folder = folder();
    let output = run(tracer_report(&folder, "-v -q shards"));
    assert_eq!(text(&output.stderr), "tracer: read shards/a.json\ntracer: read shards/b.json\n");
}

#[test]
fn without_a_file_it_says_what_is_missing() {
    let output = run(tracer_report(&folder(), ""));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("<FILE>"), "{}", text(&output.stderr));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = folder();
    let mut command = Command::new("sh");
    command.args(["-c", r#""$@" | true; exit 0"#, "sh"]).arg(binary()).args(["report", "shards"]);
    assert_eq!(printed_in(command, folder.path()), "");
}

fn printed_in(mut command: Command, folder: &Path) -> String {
    command.current_dir(folder);
    printed(command)
}
