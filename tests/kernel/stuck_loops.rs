//! An event loop that sits in one call for as long as it was watched, or for the beginning or the end of that time: the
//! strongest finding, whatever the counts.

use std::{
    fs,
    time::{Duration, Instant},
};

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    needs,
    recording::{NamedThread, Recording},
    tracer::Tracer,
    workload::Workload,
};

/// How often a thread has given up its CPU so far, by itself, and where it sleeps now.
fn whereabouts(pid: u32, tid: u32) -> (String, String) {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/task/{tid}/{name}")).expect("a thread that lives");
    let status = read("status");
    let switches = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).expect("the switches");
    (switches.to_owned(), read("syscall"))
}

fn assert_names(seen: &Recording, tid: u32) {
    assert_eq!(seen.verdict.status, "blocked", "{:?}", seen.verdict);
    assert_eq!(seen.verdict.threads, [NamedThread { tid, role: "event_loop".into() }]);
}

/// A loop that is about to wait for a page, behind others that the disk reads one a second.
fn jammed(disk: &LoopDisk, ahead: u64, call: &str) -> (Workload, ThrottledDisk) {
    let workload = Workload::start_on(disk, &format!("jammed --ahead {ahead} --call {call}"));
    let limit = ThrottledDisk::of(&workload, 1);
    (workload, limit)
}

#[test]
fn nobody_is_named_where_it_may_be_any_of_several_threads() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    let mut workload = Workload::start_on(&disk, "jammed --ahead 9 --as-threads --call pread64");
    let limit = ThrottledDisk::of(&workload, 1);
    let tid = workload.run().threads[0].tid;
    let tracer = Tracer::sendfile(&format!("--pid {} -d 500ms", workload.pid()));
    let seen = tracer.finish(Duration::from_secs(30)).recording;
    drop(limit);
    assert_eq!(seen.verdict.status, "inconclusive", "{:?}", seen.verdict);
    let named = |tid: u32| seen.verdict.reasons.iter().any(|reason| reason.contains(&format!("thread {tid} ")));
    assert!(named(tid), "{:?}", seen.verdict.reasons);
}

fn stuck_throughout(call: &str) {
    let disk = LoopDisk::mount();
    let (mut workload, limit) = jammed(&disk, 9, call);
    let tid = workload.run().threads[0].tid;
    let before = whereabouts(workload.pid(), tid);
    let tracer = Tracer::sendfile(&format!("--pid {} -d 500ms", workload.pid()));
    let outcome = tracer.finish(Duration::from_secs(30));
    // It slept once, all along.
    assert_eq!(before, whereabouts(workload.pid(), tid));
    drop(limit);
    assert_names(&outcome.recording, tid);
}

fn stuck_at_first(call: &str) {
    let disk = LoopDisk::mount();
    let (mut workload, limit) = jammed(&disk, 2, call);
    let tid = workload.run().threads[0].tid;
    let tracer = Tracer::of_process(workload.pid());
    let opened = Instant::now();
    let inside = whereabouts(workload.pid(), tid);
    while whereabouts(workload.pid(), tid) == inside {
        assert!(opened.elapsed() < Duration::from_secs(20), "its call does not return");
        std::thread::sleep(Duration::from_millis(1));
    }
    let stuck_for = opened.elapsed();
    assert!(stuck_for > Duration::from_millis(50), "its call returned {stuck_for:?} after the window opened");
    std::thread::sleep(Duration::from_millis(300));
    let seen = tracer.stop().recording;
    drop(limit);
    assert_names(&seen, tid);
}

fn stuck_at_last(call: &str) {
    let disk = LoopDisk::mount();
    let (mut workload, limit) = jammed(&disk, 9, call);
    let tracer = Tracer::of_process(workload.pid());
    std::thread::sleep(Duration::from_millis(200));
    let tid = workload.run().threads[0].tid;
    let inside = whereabouts(workload.pid(), tid);
    std::thread::sleep(Duration::from_millis(200));
    let seen = tracer.stop().recording;
    assert_eq!(inside, whereabouts(workload.pid(), tid), "its call returned");
    drop(limit);
    assert_names(&seen, tid);
}

#[test]
fn a_loop_that_is_stuck_in_a_read_from_before_the_window_to_after_it_is_blocked() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    stuck_throughout("pread64");
}

#[test]
fn a_loop_that_is_stuck_in_sendfile_from_before_the_window_to_after_it_is_blocked() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    stuck_throughout("sendfile");
}

#[test]
fn a_loop_that_is_stuck_in_a_read_before_the_window_and_returns_inside_it_is_blocked() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    stuck_at_first("pread64");
}

#[test]
fn a_loop_that_is_stuck_in_sendfile_before_the_window_and_returns_inside_it_is_blocked() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    stuck_at_first("sendfile");
}

#[test]
fn a_loop_that_gets_stuck_in_a_read_inside_the_window_is_blocked() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    stuck_at_last("pread64");
}

#[test]
fn a_loop_that_gets_stuck_in_sendfile_inside_the_window_is_blocked() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    stuck_at_last("sendfile");
}
