//! `tracer demo`: the whole product with no set-up, and nothing left of it afterwards.

use std::{fs, path::Path, time::Duration};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tests::{disk::Scratch, needs};

use crate::{FAILED, OK, Running, names_in, run, tracer};

const SETTLED_WITHIN: Duration = Duration::from_secs(5);

fn demo(scratch: &Scratch, options: &str) -> std::process::Command {
    tracer(&format!("demo --directory {} {options}", scratch.path().display()))
}

/// The server ends by itself when its owner is gone.
fn assert_nothing_left(scratch: &Scratch, when: &str) {
    let deadline = std::time::Instant::now() + SETTLED_WITHIN;
    let left = || (names_in(scratch.path()), servers_of(scratch));
    while left() != (Vec::new(), Vec::new()) {
        assert!(std::time::Instant::now() < deadline, "left {when}: {:?}", left());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Processes that serve files below the scratch directory.
fn servers_of(scratch: &Scratch) -> Vec<String> {
    let place = scratch.path().to_str().unwrap();
    let serves = |pid: &String| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        words.contains("--serve") && words.contains(place)
    };
    names_in("/proc").into_iter().filter(serves).collect()
}

#[test]
fn the_demonstration_shows_a_blocked_event_loop_and_both_accounts_agree() {
    let _machine = needs!(Root);
    let (scratch, folder) = (Scratch::on_disk(), TempDir::new().unwrap());
    let path = folder.path().join("demo.json");
    let mut running = Running::start(demo(&scratch, &format!("-d 3s -o {}", path.display())));
    let address = running.await_said(|line| line.starts_with("demo: "));
    assert!(address.contains("http://127.0.0.1:") && address.contains("a cold read of 4 KiB takes"), "{address}");
    running.await_said(|line| line.starts_with("tracing "));
    let pid = servers_of(&scratch).pop().expect("the server runs");
    assert_eq!(names_in(Path::new("/proc").join(&pid).join("task")), [pid.as_str()], "one thread, the first one");
    let ran = running.end();
    assert_eq!(ran.code, OK, "{}", ran.stderr);

    let shown = &ran.stdout;
    assert!(shown.contains("BLOCKED ON DISK: 1 of 1 event loop"), "{shown}");
    assert!(shown.contains(&format!("{pid} demo-loop")), "{shown}");
    for row in ["sendfile calls", "bytes sent", "cold pages read"] {
        let line = shown.lines().find(|line| line.trim_start().starts_with(row)).expect("a row of the account");
        let figures = line.trim_start().strip_prefix(row).unwrap().split("server:").next().unwrap();
        let words: Vec<_> = figures.split_whitespace().collect();
        let (server, tracer) = words.split_at(words.len() / 2);
        assert!(server == tracer && !server.is_empty(), "the accounts differ: {line}");
    }

    tests::recording::Recording::read(&path).assert_nothing_lost();
    let recording: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(recording["verdict"]["status"], "blocked");
    assert_eq!(recording["verdict"]["threads"][0]["role"], "event_loop");
    assert_nothing_left(&scratch, "after a normal end");
}

#[test]
fn memory_is_refused_in_one_line() {
    let _machine = needs!(Root);
    let ran = run(tracer("demo --directory /dev/shm"));
    ran.assert_refused(FAILED, &["/dev/shm", "a file system in memory", "name a directory on a real disk"]);
    let ran = run(tracer("demo --directory /nonexistent"));
    ran.assert_refused(FAILED, &["/nonexistent", "No such file or directory"]);
}

#[test]
fn an_output_that_cannot_be_written_is_found_before_the_set_up() {
    run(tracer("demo -o /nonexistent/demo.json")).assert_refused(FAILED, &["no directory /nonexistent"]);
}

#[test]
fn interrupted_while_tracing_it_reports_and_leaves_nothing() {
    let _machine = needs!(Root);
    for signal in [Signal::INT, Signal::TERM] {
        let scratch = Scratch::on_disk();
        let running = Running::in_window(demo(&scratch, "-d 60"));
        std::thread::sleep(Duration::from_millis(500));
        running.signal(signal);
        let ran = running.end();
        assert_eq!(ran.code, OK, "{}", ran.stderr);
        assert!(ran.stdout.contains("THE SERVER'S OWN ACCOUNT"), "{}", ran.stdout);
        assert_nothing_left(&scratch, "after an interrupt while tracing");
    }
}

#[test]
fn killed_at_any_moment_it_leaves_nothing() {
    let _machine = needs!(Root);
    for signal in [Signal::INT, Signal::KILL] {
        for delay_ms in [50, 100, 200, 400, 800] {
            let scratch = Scratch::on_disk();
            let running = Running::start(demo(&scratch, "-d 60"));
            std::thread::sleep(Duration::from_millis(delay_ms));
            running.signal(signal);
            running.end();
            assert_nothing_left(&scratch, &format!("by {signal:?} after {delay_ms} ms"));
        }
    }
    let scratch = Scratch::on_disk();
    let running = Running::in_window(demo(&scratch, "-d 60"));
    running.signal(Signal::KILL);
    running.end();
    assert_nothing_left(&scratch, "by SIGKILL while tracing");
}
