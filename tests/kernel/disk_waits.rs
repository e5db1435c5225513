//! Which calls waited for the disk.

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    load::CpuLoad,
    needs,
    recording::Recording,
    sysctl::Sysctl,
    truth::Truth,
    workload::Workload,
};

use crate::{assert_agree, assert_counts, watch, watch_with};

/// Calls that did not find their page in memory, as mincore knew before. A machine short of memory may have
/// given up a few more pages than the workload did.
fn cold_calls(truth: &Truth, by_design: u64) -> u64 {
    let cold = truth.each().filter(|call| call.cached_before == Some(false)).count() as u64;
    assert!((by_design..=by_design * 11 / 10).contains(&cold), "{cold} cold calls, not {by_design}");
    cold
}

/// The scheduler's count of the times that a thread gave up its CPU says the same, thread by thread: all
/// calls go to /dev/null, so nothing but the disk makes them sleep.
fn assert_agrees_with_the_scheduler(seen: &Recording, truth: &Truth) {
    for thread in &truth.threads {
        let sleeps = thread.each.iter().map(|call| call.voluntary_switches.expect("the workload measures"));
        let sleeps = sleeps.collect::<Vec<_>>();
        let seen = seen.sendfile().thread(thread.tid);
        let blocked = sleeps.iter().filter(|sleeps| **sleeps > 0).count() as u64;
        assert_eq!(seen.disk_blocked, blocked, "calls of thread {} that slept", thread.tid);
        assert_eq!(seen.disk_waits, sleeps.iter().sum::<u64>(), "sleeps of thread {}", thread.tid);
    }
}

#[test]
fn cold_calls_on_a_throttled_disk_are_disk_blocked_and_hot_ones_are_not() {
    let _machine = needs!(Root, DiskThrottle, LoopDisk);
    let disk = LoopDisk::mount();
    let workload = Workload::start_on(&disk, "cold --calls 800");
    let limit = ThrottledDisk::of(&workload, 400);
    let (seen, truth) = watch_with("", workload);
    drop(limit);
    assert_counts(seen.sendfile(), &truth);
    assert_agree("disk-blocked calls", seen.sendfile().disk_blocked, cold_calls(&truth, 400), 0.01, 0);
    assert_agrees_with_the_scheduler(&seen, &truth);
}

#[test]
fn it_is_the_cold_call_of_each_thread_that_is_disk_blocked() {
    let _machine = needs!(Root, DiskThrottle, LoopDisk);
    let disk = LoopDisk::mount();
    // Two calls a thread, one of them cold: the numbers of a thread are those of a call.
    let workload = Workload::start_on(&disk, "cold --threads 200 --calls 2");
    let limit = ThrottledDisk::of(&workload, 400);
    let (seen, truth) = watch_with("", workload);
    drop(limit);
    let right = truth.threads.iter().filter(|thread| seen.sendfile().thread(thread.tid).disk_blocked == 1);
    assert_agree("threads with one disk-blocked call", right.count() as u64, 200, 0.01, 0);
    assert_agrees_with_the_scheduler(&seen, &truth);
}

#[test]
fn cold_calls_on_a_plain_disk_are_disk_blocked() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let (seen, truth) = watch_with("", Workload::start_on(&disk, "cold --calls 800"));
    assert_agree("disk-blocked calls", seen.sendfile().disk_blocked, cold_calls(&truth, 400), 0.02, 0);
    assert_agrees_with_the_scheduler(&seen, &truth);
}

#[test]
fn cold_calls_that_a_fast_disk_answers_before_the_thread_sleeps_are_not_disk_blocked() {
    let _machine = needs!(Root);
    let (seen, truth) = watch("cold --calls 800");
    assert!(seen.sendfile().disk_blocked <= cold_calls(&truth, 400));
    assert_agrees_with_the_scheduler(&seen, &truth);
}

#[test]
fn cold_calls_under_cpu_load_are_disk_blocked() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let workload = Workload::start_on(&disk, "cold --calls 400 --threads 2");
    let load = CpuLoad::per_cpu(2);
    let (seen, truth) = watch_with("", workload);
    drop(load);
    assert_agree("disk-blocked calls", seen.sendfile().disk_blocked, cold_calls(&truth, 400), 0.02, 0);
    assert_agrees_with_the_scheduler(&seen, &truth);
}

#[test]
fn disk_waits_are_the_sleeps_that_taskstats_know() {
    let _machine = needs!(Root, DelayAccounting, RealTime);
    let _accounting = Sysctl::delay_accounting();
    let (seen, truth) = watch("cold --calls 800 --real-time");
    let blocked = truth.each().filter(|call| call.disk_sleeps.expect("taskstats are on") > 0).count();
    assert_eq!(seen.sendfile().disk_blocked, blocked as u64, "calls that slept for the disk");
    assert_eq!(seen.sendfile().disk_waits, truth.sum(|call| call.disk_sleeps), "sleeps");
}

#[test]
fn a_read_that_lasts_several_sleeps_is_one_disk_blocked_call() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let (seen, truth) = watch_with("", Workload::start_on(&disk, "cold --calls 60 --bytes 1048576 --hot-every 0"));
    assert!(truth.each().all(|call| call.voluntary_switches > Some(1)), "a call slept once at most");
    assert_agrees_with_the_scheduler(&seen, &truth);
}

#[test]
fn disk_waits_are_told_apart_by_the_system_call_they_are_in() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let (seen, truth) = watch_with("", Workload::start_on(&disk, "waits --calls 50"));
    let thread = &truth.threads[0];
    let seen = seen.threads.iter().find(|seen| seen.tid == thread.tid).expect("the thread");
    for (name, &sleeps) in &thread.sleeps_in {
        assert!(sleeps >= 45, "only {sleeps} sleeps in 50 times {name}");
        let row = seen.by_syscall.iter().find(|row| row.name == *name);
        let waits = row.map_or(0, |row| row.disk_waits);
        // Syncing may sleep for a lock too.
        let slack = if name.ends_with("sync") || name == "write" { sleeps / 10 } else { 0 };
        assert!((sleeps - slack..=sleeps).contains(&waits), "{waits} disk waits in {name}, {sleeps} sleeps");
        assert!(row.is_none_or(|row| row.max_ns > 0 && row.max_ns <= row.disk_wait_ns));
    }
    assert_eq!(seen.by_syscall.iter().map(|row| row.disk_waits).sum::<u64>(), seen.disk_waits);
    assert_eq!(seen.by_syscall.iter().map(|row| row.disk_wait_ns).sum::<u64>(), seen.disk_wait_ns);
}
