//! Jobs that are to fail for what was measured, and the marks that a recording keeps of them.

use tests::{disk::LoopDisk, needs, under_tracer::UnderTracer, workload::Workload};

/// The exit code beside a command that ends with `code`, of what a workload does meanwhile.
fn code_beside(options: &str, code: i32, mut workload: Workload) -> i32 {
    let arguments = format!("sendfile --pid {} {options}", workload.pid());
    let mut tracer =
        UnderTracer::start_as(&arguments, &["sh", "-c", &format!("echo begun; cat >/dev/null; exit {code}")]);
    tracer.printed(|line| line == "begun");
    workload.run();
    tracer.close_stdin();
    let ended = tracer.finish();
    let labels: Vec<_> = ended.recording().labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert!(labels.contains(&"build=7".to_owned()), "{labels:?}");
    ended.code
}

#[test]
fn a_verdict_that_is_named_fails_what_would_have_ended_well() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let blocked = || Workload::start_on(&disk, "beside --turns 30");
    assert_eq!(code_beside("--label build=7 --fail-on blocked", 0, blocked()), 1);
    assert_eq!(code_beside("--label build=7 --fail-on inconclusive", 0, blocked()), 0);
    assert_eq!(code_beside("--label build=7 --fail-on inconclusive,blocked", 9, blocked()), 9);
    assert_eq!(code_beside("--label build=7", 0, blocked()), 0);
    // The last mark of a name counts.
    let hot = || Workload::start("count --threads 2 --calls 500");
    assert_eq!(code_beside("--label build=8 --label build=7 --fail-on blocked", 0, hot()), 0);
    // Without an event loop there is no answer about event loops.
    assert_eq!(code_beside("--label build=7 --fail-on blocked,inconclusive", 0, hot()), 1);
}
