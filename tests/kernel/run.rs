//! Commands that tracer runs: measured from their first system call on, and otherwise as without it.

mod compared;
mod ends;
mod meanwhile;
mod signals;
mod surroundings;
mod verdicts;

use std::process::Command;

use tests::{
    needs,
    process::built,
    recording::Recording,
    under_tracer::{Ended, run},
};

/// The program that makes calls of a known kind.
fn workload() -> String {
    built("workload").to_str().expect("a path of plain letters").to_owned()
}

/// Runs a line of sh(1).
fn run_line(arguments: &str, line: &str) -> Ended {
    run(arguments, &["sh", "-c", line], b"")
}

/// How often a program makes a system call, by strace.
fn listed_by_strace(syscall: &str, words: &[&str]) -> u64 {
    let list = tempfile::NamedTempFile::new().expect("a file for the list");
    let mut strace = Command::new("strace");
    strace.arg("-o").arg(list.path()).arg("-e").arg(format!("trace={syscall}")).args(words);
    assert!(strace.output().expect("starting strace").status.success());
    let list = std::fs::read_to_string(list.path()).expect("strace's list");
    list.lines().filter(|line| line.starts_with(&format!("{syscall}("))).count() as u64
}

fn calls(recording: &Recording, name: &str) -> u64 {
    let row = recording.syscalls.iter().find(|row| row.name == name);
    row.unwrap_or_else(|| panic!("no row for {name}")).calls
}

#[test]
fn a_command_is_measured_from_its_first_call_to_its_last() {
    let _machine = needs!(Root);
    let words = [&workload(), "at-once", "--calls", "100", "--bytes", "4096"];
    let ended = run("", &words, b"");
    assert_eq!((ended.code, ended.said().as_str()), (0, ""));
    let recording = ended.recording();
    assert_eq!((recording.sendfile().calls, recording.sendfile().bytes), (100, 100 * 4096));
    let [process] = recording.target.processes.as_slice() else { panic!("{:?}", recording.target) };
    let threads: Vec<_> = recording.sendfile().threads.iter().map(|thread| (thread.tid, thread.calls)).collect();
    assert_eq!(threads, [(process.pid, 100)]);
    assert_eq!((process.comm.as_str(), process.command_line.as_deref()), ("workload", Some(words.join(" ").as_str())));
    assert_eq!(recording.target.selector, format!("-- {}", words.join(" ")));
    assert_eq!(recording.target.ended_early, None);
}

#[test]
fn what_the_loader_reads_before_a_program_begins_is_counted_too() {
    let _machine = needs!(Root, Strace);
    let words = ["cat", "/etc/passwd", "/etc/group"];
    let ended = run("pagecache", &words, b"");
    for name in ["read", "pread64"] {
        let listed = listed_by_strace(name, &words);
        assert!(listed > 0, "strace lists no {name}");
        assert_eq!(calls(ended.recording(), name), listed, "{name}");
    }
}

#[test]
fn a_script_and_what_replaces_itself_are_known_by_what_they_become() {
    let _machine = needs!(Root);
    let ended = run_line("", "exit 0");
    let process = &ended.recording().target.processes[0];
    assert_eq!((process.comm.as_str(), process.command_line.as_deref()), ("sh", Some("sh -c exit 0")));
    assert_eq!(ended.recording().target.selector, "-- sh -c 'exit 0'");
}

#[test]
fn the_report_comes_behind_all_that_the_command_says() {
    let _machine = needs!(Root);
    let line = "echo one; echo two >&2; sleep 0.3; echo three";
    let script = format!(r#"exec "$0" run -i 100ms -- sh -c '{line}' 2>&1"#);
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(tests::tracer::binary());
    let output = command.output().expect("starting tracer");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("tracing sendfile of -- sh -c "), "{said}");
    assert_eq!(lines[1..4], ["one", "two", "three"], "{said}");
    let intervals = lines[4..].iter().take_while(|line| !line.starts_with("tracer sendfile ")).count();
    assert!(intervals >= 2 && 4 + intervals < lines.len(), "{said}");
}
