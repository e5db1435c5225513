//! When counting begins and ends.

use std::time::Duration;

use tests::{needs, tracer::Tracer, workload::Workload};

use crate::assert_counts;

#[test]
fn a_process_that_ends_inside_the_window_keeps_its_numbers() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 3 --calls 1000");
    let pid = workload.pid();
    let tracer = Tracer::sendfile(&format!("--pid {pid} -d 3s"));
    let truth = workload.run();
    workload.end();
    let outcome = tracer.finish(Duration::from_secs(30));
    outcome.recording.assert_nothing_lost();
    assert_counts(outcome.recording.sendfile(), &truth);
    assert!(outcome.recording.target.processes.iter().any(|process| process.pid == pid));
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(said.contains("ended"), "nothing says that the process ended:\n{said}");
}

#[test]
fn calls_before_the_window_are_not_counted() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 2 --calls 1000");
    workload.run();
    let outcome = Tracer::sendfile(&format!("--pid {} -d 300ms", workload.pid())).finish(Duration::from_secs(30));
    assert_eq!(outcome.recording.sendfile().calls, 0);
    assert!(outcome.recording.window.duration_ns >= 300_000_000);
}
