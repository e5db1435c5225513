//! Mistakes with a command to run: 125 and one line, and the command does not run.

use std::process::Command;

use tests::{needs, tracer::binary};

use crate::{FAILED_BESIDE_COMMAND, OK, USAGE, idle, run, tracer};

fn assert_refused(arguments: &str, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("ran");
    let ran = run(tracer(&format!("{arguments} -- touch {}", mark.display())));
    ran.assert_refused(FAILED_BESIDE_COMMAND, words);
    assert!(!mark.exists(), "{arguments}: the command ran");
}

#[test]
fn a_mistake_has_an_exit_code_that_is_not_the_commands() {
    assert_refused("run --durtion 1", &["'--durtion'", "'--duration'"]);
    assert_refused("run -d 0", &["must be longer than 0"]);
    assert_refused("run splce", &["'splce'", "sendfile", "tracer run -- splce"]);
    assert_refused("run -o /no/such/directory/run.json", &["cannot write /no/such/directory/run.json"]);
    assert_refused("sendfile", &["--pid <PID>"]);
    assert_refused("sendfile --pid 1 --bogus", &["'--bogus'"]);
}

#[test]
fn a_command_is_required_and_comes_behind_the_dashes() {
    run(tracer("run")).assert_refused(FAILED_BESIDE_COMMAND, &["<CMD>...", "not provided"]);
    run(tracer("run --")).assert_refused(FAILED_BESIDE_COMMAND, &["<CMD>..."]);
    run(tracer("run ls")).assert_refused(FAILED_BESIDE_COMMAND, &["'ls'", "tracer run -- ls"]);
}

#[test]
fn options_of_a_command_need_one() {
    run(tracer("sendfile --pid 1 --user root")).assert_refused(USAGE, &["<CMD>..."]);
    run(tracer("sendfile --pid 1 --keep-going")).assert_refused(USAGE, &["<CMD>..."]);
}

#[test]
fn a_recording_is_not_printed_into_what_the_command_says() {
    assert_refused("run -f json", &["cannot print json", "stdout is the command's", "--output json:FILE"]);
}

#[test]
fn without_privileges_the_command_runs_only_if_it_is_to() {
    let _machine = needs!(Root);
    let unprivileged = |arguments: &str| {
        let mut command = Command::new("setpriv");
        command.arg("--bounding-set=-sys_admin,-bpf").arg(binary()).args(arguments.split_whitespace());
        run(command)
    };
    unprivileged("run -- echo ran").assert_refused(FAILED_BESIDE_COMMAND, &["without CAP_BPF"]);
    let ran = unprivileged("run --keep-going -- echo ran");
    assert_eq!((ran.code, ran.stdout.as_str()), (OK, "ran\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("without CAP_BPF") && ran.stderr.contains("runs unmeasured"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_written_at_the_end_is_tracers_failure() {
    let _machine = needs!(Root);
    let ran = run(tracer("run -o json:/dev/full -- true"));
    assert_eq!(ran.code, FAILED_BESIDE_COMMAND);
    let target = idle();
    let ran = run(tracer(&format!("sendfile --pid {} -o json:/dev/full -- true", target.pid())));
    ran.assert_failed(FAILED_BESIDE_COMMAND, &["cannot write /dev/full", "No space left on device"]);
}
