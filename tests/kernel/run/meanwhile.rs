//! A command that runs while something else is measured.

use tests::{
    needs,
    under_tracer::{UnderTracer, command},
    workload::Workload,
};

/// Says that it has begun, and ends with its input.
const UNTIL_STDIN_ENDS: [&str; 3] = ["sh", "-c", "echo begun; cat >/dev/null; exit 9"];

/// `tracer sendfile --pid PID -- COMMAND`, in its window.
fn start(pid: u32) -> UnderTracer {
    let mut tracer = UnderTracer::start_as(&format!("sendfile --pid {pid}"), &UNTIL_STDIN_ENDS);
    tracer.printed(|line| line == "begun");
    tracer
}

#[test]
fn a_target_is_measured_as_long_as_the_command_runs() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 2 --calls 500");
    let mut tracer = start(workload.pid());
    let truth = workload.run();
    tracer.close_stdin();
    let ended = tracer.finish();
    assert_eq!((ended.code, ended.said().as_str()), (9, ""));
    assert_eq!(ended.recording().sendfile().calls, truth.calls());
    assert_eq!(ended.recording().target.selector, format!("--pid {}", workload.pid()));
    assert_eq!(ended.recording().target.ended_early, None);
}

#[test]
fn a_target_that_ends_first_ends_the_window_and_not_the_command() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 2 --calls 500");
    let mut tracer = start(workload.pid());
    let truth = workload.run();
    workload.end();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(tracer.is_running(), "tracer left its command alone");
    tracer.close_stdin();
    let ended = tracer.finish();
    assert_eq!(ended.code, 9, "{}", ended.said());
    assert_eq!(ended.recording().sendfile().calls, truth.calls());
    assert_eq!(ended.recording().target.ended_early, Some(true));
}

#[test]
fn a_target_that_does_not_exist_keeps_the_command_from_running() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("ran");
    let words = ["touch", mark.to_str().unwrap()];
    let output = command("sendfile --pid 4194304", folder.path(), &words).output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no such process"));
    assert!(!mark.exists());
}
