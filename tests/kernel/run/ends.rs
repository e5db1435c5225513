//! How it ends: exit codes, children that stay, a tracer that is killed.

use std::{fs, path::Path, time::Duration};

use rustix::process::Signal;
use tests::{
    needs,
    under_tracer::{UnderTracer, run, send},
    wait::soon,
};

use super::{run_line, workload};

#[test]
fn the_exit_code_is_the_commands_and_the_recording_is_written_all_the_same() {
    let _machine = needs!(Root);
    for (line, code) in
        [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -TERM $$", 143), ("kill -KILL $$", 137)]
    {
        let ended = run_line("", line);
        assert_eq!((ended.code, ended.said().as_str()), (code, ""), "{line}");
        assert_eq!(ended.recording().target.selector, format!("-- sh -c '{line}'"));
    }
}

#[test]
fn what_cannot_be_run_ends_as_in_a_shell_with_a_line() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    fs::write(&plain, "no program").unwrap();
    let plain = plain.to_str().unwrap();
    for (word, code) in [("no-such-command", 127), (plain, 126), ("/tmp", 126), ("", 127)] {
        let ended = run("", &[word], b"");
        assert_eq!(ended.code, code, "{word}: {}", ended.said());
        assert!(ended.said().starts_with(&format!("tracer: cannot run {word}: ")), "{}", ended.said());
        assert_eq!(ended.said().lines().count(), 1, "{}", ended.said());
        assert!(ended.recording.is_none() && ended.stdout.is_empty());
    }
}

#[test]
fn a_script_without_a_first_line_is_run_as_a_shell_would() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, "echo $1; exit 4\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ended = run("", &[script.to_str().unwrap(), "word"], b"");
    assert_eq!((ended.code, ended.stdout.as_slice()), (4, b"word\n".as_slice()), "{}", ended.said());
}

#[test]
fn what_cannot_be_measured_does_not_run_unless_it_is_to() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("ran");
    let line = format!("touch {}; exit 6", mark.display());
    let ended = run_line("--mechanism kprobe", &line);
    assert_eq!(ended.code, 125, "{}", ended.said());
    assert!(ended.said().starts_with("tracer: cannot trace sendfile: ") && ended.said().lines().count() == 1);
    assert!(!mark.exists() && ended.recording.is_none());
    let ended = run_line("--mechanism kprobe --keep-going", &line);
    assert_eq!(ended.code, 6, "{}", ended.said());
    assert!(ended.said().contains("cannot trace sendfile: ") && ended.said().contains("runs unmeasured"));
    assert!(mark.exists() && ended.recording.is_none());
}

#[test]
fn a_window_that_is_over_before_the_command_leaves_it_running() {
    let _machine = needs!(Root);
    let ended = run_line("-d 200ms", "sleep 1.5; echo late; exit 5");
    assert_eq!((ended.code, ended.stdout.as_slice()), (5, b"late\n".as_slice()), "{}", ended.said());
    let window = Duration::from_nanos(ended.recording().window.duration_ns);
    // The command sleeps 1.5 s inside it.
    assert!((Duration::from_millis(200)..Duration::from_millis(1500)).contains(&window), "{window:?}");
    assert_eq!(ended.recording().target.ended_early, None);
}

#[test]
fn a_child_that_stays_behind_holds_nothing_up() {
    let _machine = needs!(Root);
    let ended = run("", &[&workload(), "at-once", "--calls", "5", "--leave", "600"], b"");
    assert_eq!(ended.code, 0, "{}", ended.said());
    assert_eq!(ended.recording().sendfile().calls, 5);
    let left: u32 = String::from_utf8_lossy(&ended.stdout).trim().parse().expect("the id of the child");
    assert_eq!(fs::read_to_string(format!("/proc/{left}/comm")).unwrap_or_default(), "sleep\n");
    send(left, Signal::KILL);
}

/// Whether a process has ended, waited for or not.
fn has_ended(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with(['Z', 'X']))
}

/// Kills tracer while its command's process waits to be let go; `None` if it was let go before that.
fn killed_while_held(mark: &Path) -> Option<u32> {
    let mut tracer = UnderTracer::start("", &["touch", mark.to_str().unwrap()]);
    let command = tracer.command_pid();
    tracer.signal(Signal::STOP);
    // Stopped before its exec, it is tracer itself.
    let stopped =
        soon(|| fs::read_to_string(format!("/proc/{}/stat", tracer.pid())).ok()?.contains(") T ").then_some(()));
    stopped.expect("tracer stops");
    let program = fs::read_link(format!("/proc/{command}/exe")).ok();
    let is_held = program.is_some_and(|program| program == fs::canonicalize(tests::tracer::binary()).unwrap());
    tracer.signal(Signal::KILL);
    assert_eq!(tracer.wait(), 137);
    is_held.then_some(command)
}

#[test]
fn a_command_that_waits_to_be_let_go_ends_with_tracer() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("ran");
    // Attaching takes a tenth of a second at least: to be too late each time would take a strange machine.
    let command = (0..10).find_map(|_| {
        let command = killed_while_held(&mark);
        command.is_none().then(|| fs::remove_file(&mark));
        command
    });
    let command = command.expect("tracer is stopped before it lets its command go");
    soon(|| has_ended(command).then_some(())).expect("the process of the command ends");
    assert!(!mark.exists(), "the command ran without tracer");
}

#[test]
fn a_command_that_was_let_go_runs_on_without_tracer() {
    let _machine = needs!(Root);
    let mut tracer = UnderTracer::start("", &[&workload(), "signals"]);
    tracer.printed(|line| line == "ready");
    let command = tracer.command_pid();
    tracer.signal(Signal::KILL);
    assert_eq!(tracer.wait(), 137);
    assert!(!has_ended(command));
    send(command, Signal::USR1);
    tracer.printed(|line| line.starts_with("10 "));
    send(command, Signal::TERM);
    tracer.printed(|line| line.starts_with("15 "));
    soon(|| has_ended(command).then_some(())).expect("the command ends");
}
