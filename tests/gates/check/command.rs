//! `tracer check` as a person and a script meet it.

use std::{
    fs::{self, File},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;
use tests::{golden, tracer::in_folder};

/// A folder with recordings and objectives.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writing a file");
    for name in ["nginx-minute", "nginx-hot", "clear", "inconclusive", "no-calls"] {
        write(&format!("{name}.json"), &golden::recording_text(name));
    }
    write("slo.yaml", &fs::read_to_string(golden::path("checks").join("slo.yaml")).expect("reading the SLOs"));
    write("broken.json", "{\"schema_version\": 1, ");
    fs::create_dir(folder.path().join("empty")).expect("a folder in it");
    folder
}

fn tracer_check(folder: &TempDir, arguments: &str) -> Command {
    let mut command = in_folder(folder.path(), "check");
    command.args(arguments.split_whitespace());
    command
}

/// Exit code, stdout, stderr.
fn ran(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("running tracer");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let (stdout, stderr) = (text(stdout), text(stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    (status.code(), stdout, stderr)
}

/// It ended with this code, and complained of nothing.
fn assert_code(folder: &TempDir, arguments: &str, code: i32) -> String {
    let (actual, printed, said) = ran(tracer_check(folder, arguments));
    assert_eq!((actual, said.as_str()), (Some(code), ""), "{arguments}:\n{printed}");
    printed
}

/// It printed nothing, and complained in one line that says all of `words`.
fn assert_refused(folder: &TempDir, arguments: &str, code: i32, words: &[&str]) {
    let (actual, printed, said) = ran(tracer_check(folder, arguments));
    assert_eq!((actual, printed.as_str()), (Some(code), ""), "{arguments}: {said}");
    assert!(said.starts_with("tracer: ") && said.trim_end().lines().count() == 1, "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

#[test]
fn the_exit_code_is_the_answer() {
    let folder = folder();
    for (arguments, code) in [
        ("nginx-hot.json --max-p99 5ms --max-slow 1% --max-disk-blocked sendfile=0 --no-blocked-event-loop", 0),
        ("nginx-minute.json --max-p99 5ms --max-slow 0.1%", 1),
        ("nginx-minute.json --max-slow 0.2%", 3),
        ("nginx-minute.json --max-slow 0.2% --on-inconclusive pass", 0),
        ("nginx-minute.json --max-slow 0.2% --on-inconclusive fail", 1),
        ("nginx-minute.json --max-slow 0.1% --on-inconclusive pass", 1),
        ("nginx-minute.json --max-event-loop-blocked 62ms/s", 0),
        ("nginx-minute.json --max-event-loop-blocked 61ms/s", 1),
        ("no-calls.json --max-p99 5ms", 3),
        ("inconclusive.json --no-blocked-event-loop", 3),
        ("nginx-minute.json --slo slo.yaml", 1),
        // One target that fails is enough.
        ("nginx-hot.json clear.json nginx-minute.json --max-disk-blocked 0.05%", 1),
    ] {
        assert_code(&folder, arguments, code);
    }
}

#[test]
fn recordings_of_one_target_are_judged_together() {
    let folder = folder();
    let printed = assert_code(&folder, "nginx-minute.json nginx-hot.json --max-slow 1% -f json", 0);
    let report: Value = serde_json::from_str(&printed).expect("JSON");
    let [target] = report["targets"].as_array().expect("targets").as_slice() else { panic!("{printed}") };
    assert_eq!(target["runs"], 2);
    // 37,903 and 1,539 calls, 62 and 0 of them slow.
    assert_eq!((&target["limits"][0]["calls"], &target["limits"][0]["hits"]), (&39_442.into(), &62.into()));
}

#[test]
fn stdin_is_a_recording_too() {
    let folder = folder();
    let mut command = tracer_check(&folder, "- --max-p99 5ms -q");
    command.stdin(File::open(folder.path().join("nginx-hot.json")).expect("opening it"));
    assert_eq!(ran(command), (Some(0), String::new(), String::new()));
}

#[test]
fn files_hold_what_their_formats_say() {
    let folder = folder();
    let outputs = "-o a.txt -o a.md -o a.json -o a.xml -o github:a.gh -o benchmark-action:b.json -o bmf:c.json";
    assert_eq!(assert_code(&folder, &format!("nginx-minute.json --max-slow 0.1% -q {outputs}"), 1), "");
    let text = |name: &str| fs::read_to_string(folder.path().join(name)).expect("reading what was written");
    assert!(text("a.txt").ends_with("FAIL: the one check failed\n"), "{}", text("a.txt"));
    assert!(text("a.md").starts_with("### tracer check: **fail**: the one check failed\n"), "{}", text("a.md"));
    assert!(text("a.xml").contains("<failure") && text("a.xml").contains("sendfile slow"), "{}", text("a.xml"));
    assert!(text("a.gh").starts_with("::error "), "{}", text("a.gh"));
    let json = |name: &str| serde_json::from_str::<Value>(&text(name)).expect("JSON");
    assert_eq!(json("a.json")["outcome"], "fail");
    let value = json("b.json")[0]["value"].as_f64().expect("a figure");
    assert!((value - 62.0 / 37_903.0).abs() < 1e-12 || (value - 6_200.0 / 37_903.0).abs() < 1e-9, "{value}");
    assert!(json("c.json").is_object());
}

#[test]
fn without_a_limit_there_is_nothing_to_check() {
    let folder = folder();
    assert_refused(&folder, "nginx-hot.json", 2, &["--max-p99", "--slo"]);
    assert_refused(&folder, "--max-p99 5ms", 2, &["<FILE>"]);
    assert_refused(&folder, "nginx-hot.json --max-p99 5000", 2, &["at most"]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = folder();
    let read = |files: &str| format!("{files} --max-p99 5ms");
    assert_refused(
        &folder,
        &read("nginx-hot.json broken.json clear.json"),
        4,
        &["cannot read broken.json", "breaks off"],
    );
    assert_refused(&folder, &read("missing.json"), 4, &["cannot read missing.json", "No such file"]);
    // What a shell hands on where nothing matches.
    assert_refused(&folder, &read("none*.json"), 4, &["cannot read none*.json"]);
    assert_refused(&folder, &read("empty"), 4, &["cannot read empty", "ends in .json"]);
    assert_refused(&folder, &read("nginx-hot.json nginx-hot.json"), 4, &["cannot merge", "count twice"]);
    assert_refused(&folder, "nginx-hot.json --slo missing.yaml", 4, &["cannot read missing.yaml"]);
    assert_refused(&folder, "nginx-hot.json --slo slo.yaml --slo slo.yaml", 4, &["two files have an SLO called"]);
    assert_refused(&folder, "nginx-hot.json --slo clear.json", 4, &["cannot read clear.json: ", "missing field"]);
    assert_refused(&folder, "nginx-hot.json --slo /dev/zero", 4, &["larger than 1024 KiB"]);
    assert_refused(&folder, "nginx-hot.json --max-p99 5ms -o /nonexistent/a.md", 4, &["no directory /nonexistent"]);
}

#[test]
fn what_is_read_is_said_on_request() {
    let (code, _, said) = ran(tracer_check(&folder(), "nginx-hot.json --max-p99 5ms -v -q"));
    assert_eq!((code, said.as_str()), (Some(0), "tracer: read nginx-hot.json\n"));
}
