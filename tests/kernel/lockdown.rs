//! Kernels that are locked down (kernel_lockdown(7)), and those that are not: `cargo xtask vm` boots both.

use std::{fs, process::Command};

use tests::{disk::LoopDisk, needs, recording::Recording, tracer::Tracer, workload::Workload};

use crate::{assert_adds_up, assert_counts, role};

/// Whether this kernel keeps its memory confidential, as it says itself; where it says nothing it does not.
fn is_confidential() -> bool {
    fs::read_to_string("/sys/kernel/security/lockdown").is_ok_and(|modes| modes.contains("[confidentiality]"))
}

/// What cannot be observed then.
pub fn unavailable() -> &'static [&'static str] {
    if is_confidential() { &["culprits"] } else { &[] }
}

fn mechanism<'a>(seen: &'a Recording, name: &str) -> &'a str {
    let probe = seen.probes.iter().find(|probe| probe.name == name);
    &probe.unwrap_or_else(|| panic!("{name} is not listed: {:?}", seen.probes)).mechanism
}

#[test]
fn every_call_is_counted_whatever_is_locked_down() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 4 --calls 5000 --fail EBADF=7");
    let tracer = Tracer::sendfile(&format!("--pid {}", workload.pid()));
    let truth = workload.run();
    let seen = tracer.stop().recording;
    assert_adds_up(seen.sendfile());
    assert_counts(seen.sendfile(), &truth);
    seen.assert_nothing_lost_but(unavailable());
    if is_confidential() {
        assert!(["fentry", "tp_btf"].contains(&mechanism(&seen, "sendfile")), "{:?}", seen.probes);
        assert_eq!(mechanism(&seen, "disk waits"), "tp_btf");
    }
}

#[test]
fn a_blocked_loop_is_found_and_what_lockdown_hides_of_it_is_named() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let mut workload = Workload::start_on(&disk, "loops --turns 60");
    let tracer = Tracer::sendfile(&format!("--pid {}", workload.pid()));
    let truth = workload.run();
    let outcome = tracer.stop();
    let seen = &outcome.recording;
    seen.assert_nothing_lost_but(unavailable());
    let roles: Vec<_> = truth.threads.iter().map(|thread| role(seen, thread.tid).expect("the thread")).collect();
    assert_eq!(roles, ["event_loop", "worker", "poller", "poller", "worker"]);
    assert_eq!(seen.verdict.status, "blocked", "{:?}", seen.verdict);
    let [event_loop] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
    assert_eq!((event_loop.tid, event_loop.watched), (truth.threads[0].tid, Some(8)));
    assert!((55..=66).contains(&event_loop.disk_waits), "{} disk waits in 60 cold reads", event_loop.disk_waits);
    if is_confidential() {
        assert!(seen.slow_calls.is_empty(), "{:?}", seen.slow_calls);
        let culprits = seen.probes.iter().find(|probe| probe.name == "culprits").expect("it is listed");
        let reason = culprits.reason.as_deref().expect("a reason");
        assert!(reason.contains("confidential") && outcome.stdout.contains(reason), "{reason}\n{}", outcome.stdout);
    }
}

#[test]
fn lockdown_is_blamed_where_it_is_on_and_nowhere_else() {
    let _machine = needs!(Root);
    let target = Workload::start("count --threads 1 --calls 10");
    let arguments = format!("sendfile --with pagecache --pid {} -d 100ms -v", target.pid());
    let output =
        Command::new(tests::tracer::binary()).args(arguments.split_whitespace()).output().expect("tracer runs");
    let (said, code) = (tests::tracer::said(&output), output.status.code());
    assert_eq!(code, Some(0), "{said}");
    let blames = |text: &str| ["confidential", "lockdown", "locked down"].iter().any(|word| text.contains(word));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(printed.lines().any(blames), is_confidential(), "{printed}");
    for line in said.lines().filter(|line| line.contains(": no tracepoint: ")) {
        assert_eq!(blames(line), is_confidential(), "{line}");
    }
    if !is_confidential() {
        assert!(!said.lines().any(blames), "{said}");
    }
    // Where the kernel is configured without breakpoints, that is the reason.
    let mut command = Command::new(tests::tracer::binary());
    let output =
        command.args(arguments.split_whitespace()).args(["--mechanism", "kprobe"]).output().expect("tracer runs");
    let said = tests::tracer::said(&output);
    assert_eq!(said.lines().filter(|line| line.contains("no kprobe: ")).any(blames), is_confidential(), "{said}");
}
