//! Help and version: what was asked for goes to stdout with 0. No privilege needed.

use crate::{FAILED, OK, USAGE, run, tracer, tracer_after};

#[test]
fn help_goes_to_stdout() {
    for arguments in ["--help", "-h", "help", "sendfile --help", "sendfile -h", "demo --help", "demo -h"] {
        let ran = run(tracer(arguments));
        assert_eq!((ran.code, ran.stderr.as_str()), (OK, ""), "{arguments}");
        assert!(ran.stdout.contains("Usage: tracer"), "{arguments}: {}", ran.stdout);
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{arguments}: {}", ran.stdout);
    }
}

#[test]
fn long_help_has_examples_and_the_exit_codes() {
    let long = run(tracer("sendfile --help")).stdout;
    assert!(long.contains("Examples:") && long.contains("Exit codes:"), "{long}");
    let short = run(tracer("sendfile -h")).stdout;
    assert!(!short.contains("Examples:"), "{short}");
}

#[test]
fn the_demonstration_keeps_its_inner_options_to_itself() {
    assert!(!run(tracer("demo --help")).stdout.contains("--serve"));
}

#[test]
fn the_version_goes_to_stdout() {
    for arguments in ["--version", "-V"] {
        let ran = run(tracer(arguments));
        assert_eq!((ran.code, ran.stderr.as_str()), (OK, ""));
        assert_eq!(ran.stdout, format!("tracer {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn no_command_at_all_is_answered_with_help_and_an_error() {
    let ran = run(tracer(""));
    assert_eq!((ran.code, ran.stdout.as_str()), (USAGE, ""));
    assert!(ran.stderr.contains("Usage: tracer <COMMAND>"), "{}", ran.stderr);
}

#[test]
fn a_version_that_cannot_be_printed_is_an_error() {
    run(tracer_after(r#"exec "$@" >/dev/full"#, "--version")).assert_refused(FAILED, &["stdout", "No space left"]);
}
