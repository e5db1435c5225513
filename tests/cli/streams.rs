//! stdout and stderr: closed, full, in colour or not, and safe for the terminal.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use rustix::process::Signal;
use tests::{
    needs,
    process::{Guarded, exit_code},
};

use crate::{FAILED, LIMIT, OK, Running, idle, run, tracer, tracer_after};

const CLEAR_SCREEN: &str = "\x1b[2J";

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let _machine = needs!(Root);
    let target = idle();
    for options in ["", "-i 20ms", "-f json", "-i 20ms -f jsonl"] {
        let mut command = tracer(&format!("sendfile --pid {} -d 300ms {options}", target.pid()));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Guarded::new(command.spawn().unwrap());
        let mut line = String::new();
        if options.starts_with("-i") {
            BufReader::new(child.child().stdout.take().unwrap()).read_line(&mut line).unwrap();
        }
        drop(child.child().stdout.take());
        assert_eq!(exit_code(child.wait(LIMIT)), OK, "{options}");
    }
}

#[test]
fn a_full_stdout_is_an_error() {
    let _machine = needs!(Root);
    let target = idle();
    for options in ["", "-i 20ms", "-f json", "-i 20ms -f jsonl"] {
        let arguments = format!("sendfile --pid {} -d 50ms {options}", target.pid());
        let ran = run(tracer_after(r#"exec "$@" >/dev/full"#, &arguments));
        ran.assert_failed(FAILED, &["cannot write to stdout", "No space left on device"]);
    }
    let quiet = format!("sendfile --pid {} -d 50ms -q", target.pid());
    run(tracer_after(r#"exec "$@" >/dev/full"#, &quiet)).assert_measured();
}

#[test]
fn a_closed_stderr_takes_nothing_from_the_report() {
    let _machine = needs!(Root);
    let target = idle();
    let arguments = format!("sendfile --pid {} -d 50ms -v", target.pid());
    for script in [r#"exec "$@" 2>&-"#, r#"exec "$@" 2>/dev/full"#] {
        let ran = run(tracer_after(script, &arguments));
        assert_eq!(ran.code, OK);
        assert!(ran.stdout.starts_with("tracer sendfile"), "{}", ran.stdout);
    }
}

#[test]
fn quiet_is_quiet_and_verbose_says_more() {
    let _machine = needs!(Root);
    let target = idle();
    let quiet = run(tracer(&format!("sendfile --pid {} -d 50ms -q", target.pid())));
    quiet.assert_measured();
    assert_eq!(quiet.stdout, "");
    let verbose = run(tracer(&format!("sendfile --pid {} -d 50ms -v", target.pid())));
    assert_eq!(verbose.code, OK);
    assert!(verbose.stderr.contains("instructions verified"), "{}", verbose.stderr);
    assert!(verbose.stderr.lines().all(|line| line.starts_with("tracer: ") || line.starts_with("tracing ")));
}

/// Its output on a terminal, for what the shell makes of `environment` and `options`.
fn on_a_terminal(environment: &str, options: &str, target: &Guarded) -> String {
    let tracer = tests::tracer::binary();
    let inner = format!("{environment} {} sendfile --pid {} -d 50ms {options}", tracer.display(), target.pid());
    let mut command = Command::new("script");
    command.args(["-qec", &inner, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR");
    let ran = run(command);
    assert_eq!(ran.code, OK, "{}", ran.stdout);
    ran.stdout
}

#[test]
fn colour_is_for_terminals_unless_told_otherwise() {
    let _machine = needs!(Root);
    let target = idle();
    let colored = |text: &str| text.contains("\x1b[");
    assert!(colored(&on_a_terminal("", "", &target)));
    assert!(colored(&on_a_terminal("NO_COLOR=", "", &target)));
    assert!(!colored(&on_a_terminal("NO_COLOR=1", "", &target)));
    assert!(!colored(&on_a_terminal("TERM=dumb", "", &target)));
    assert!(!colored(&on_a_terminal("", "--color never", &target)));
    assert!(colored(&on_a_terminal("NO_COLOR=1", "--color always", &target)));
    let piped = |options: &str| run(tracer(&format!("sendfile --pid {} -d 50ms {options}", target.pid()))).stdout;
    assert!(!colored(&piped("")));
    assert!(colored(&piped("--color always")));
    assert!(!colored(&piped("--color always -f json")));
}

#[test]
fn top_limits_the_rows() {
    let _machine = needs!(Root);
    let mut workload = tests::workload::Workload::start("count --threads 5 --calls 10");
    let running = Running::in_window(tracer(&format!("sendfile --pid {} --top 2", workload.pid())));
    workload.run();
    running.signal(Signal::INT);
    let ran = running.end();
    ran.assert_measured();
    assert!(ran.stdout.contains("and 3 more threads"), "{}", ran.stdout);
}

#[test]
fn a_thread_that_names_itself_with_escapes_cannot_touch_the_terminal() {
    let _machine = needs!(Root);
    let script = r#"printf '\033[2J\n\033[31m' >/proc/$$/comm; echo named; read line"#;
    let mut command = Command::new("sh");
    command.args(["-c", script, CLEAR_SCREEN, "\r\u{202e}"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut target = Guarded::new(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(target.child().stdout.take().unwrap()).read_line(&mut line).unwrap();
    for options in ["", "-v", "-i 20ms", "--color always"] {
        let ran = run(tracer(&format!("sendfile --pid {} -d 50ms {options}", target.pid())));
        assert_eq!(ran.code, OK, "{}", ran.stderr);
        let hostile = [CLEAR_SCREEN, "\r", "\u{202e}"];
        assert!(!hostile.iter().any(|text| ran.stderr.contains(text)), "{:?}", ran.stderr);
        assert!(!hostile.iter().any(|text| ran.stdout.contains(text)), "{:?}", ran.stdout);
        assert!(ran.stdout.contains(r"\x1b[2J"), "{}", ran.stdout);
        let tracing: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("tracing ")).collect();
        assert!(tracing.len() == 1 && tracing[0].contains("for 50 ms"), "{}", ran.stderr);
    }
}
