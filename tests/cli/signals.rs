//! Signals end the window, not the measurement: what was seen is reported in full.

use rustix::process::Signal;
use tests::{contract::check, needs, recording::Recording, workload::Workload};

use crate::{OK, Running, idle, names_in, tracer, tracer_after};

#[test]
fn each_signal_that_asks_to_end_gives_the_full_report() {
    let _machine = needs!(Root);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        let mut workload = Workload::start("count --threads 2 --calls 100");
        let running = Running::in_window(tracer(&format!("sendfile --pid {} -o {}", workload.pid(), path.display())));
        let truth = workload.run();
        running.signal(signal);
        let ran = running.end();
        ran.assert_measured();
        assert!(ran.stdout.starts_with("tracer sendfile") && ran.stdout.contains("200"), "{}", ran.stdout);
        assert_eq!(Recording::read(&path).sendfile().calls, truth.calls(), "{signal:?}");
        assert_eq!(names_in(folder.path()), ["run.json"]);
    }
}

#[test]
fn a_second_ctrl_c_takes_nothing_from_the_report() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let target = idle();
    let running = Running::in_window(tracer(&format!("sendfile --pid {} -o {}", target.pid(), path.display())));
    running.signal(Signal::INT);
    running.signal(Signal::INT);
    let ran = running.end();
    assert_eq!(ran.code, OK, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("tracer sendfile"), "{}", ran.stdout);
    check(&path);
}

#[test]
fn what_nohup_started_survives_a_hangup() {
    let _machine = needs!(Root);
    let target = idle();
    let arguments = format!("sendfile --pid {} -d 600ms", target.pid());
    let running = Running::in_window(tracer_after(r#"trap "" HUP; exec "$@""#, &arguments));
    let begun = std::time::Instant::now();
    running.signal(Signal::HUP);
    running.end().assert_measured();
    assert!(begun.elapsed().as_millis() >= 300, "it ended early");
}
