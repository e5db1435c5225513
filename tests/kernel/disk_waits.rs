//! Which calls waited for the disk.

use tests::{
    disk::ThrottledDisk, load::CpuLoad, needs, recording::Recording, sysctl::Sysctl, truth::Truth, workload::Workload,
};

use crate::{assert_agree, assert_counts, watch, watch_with};

const PAGE_BY_PAGE: &str = "cold --calls 800";

/// Calls that did not find their page in memory, as mincore knew before.
fn cold_calls(truth: &Truth) -> u64 {
    truth.each().filter(|call| call.cached_before == Some(false)).count() as u64
}

/// The kernel's account of sleeps knows of as many calls, and of as many sleeps.
fn assert_agrees_with_taskstats(seen: &Recording, truth: &Truth) {
    let blocked = truth.each().filter(|call| call.disk_sleeps.expect("taskstats are on") > 0).count() as u64;
    assert_eq!(seen.sendfile().disk_blocked, blocked, "calls that slept for the disk");
    assert_eq!(seen.sendfile().disk_waits, truth.sum(|call| call.disk_sleeps), "sleeps");
}

/// Each call reported as disk-blocked is one that slept for the disk, and the other way round.
fn assert_each_agrees_with_taskstats(seen: &Recording, truth: &Truth) {
    assert_eq!(seen.losses.slow_calls_dropped, 0);
    let slept = truth.each().filter(|call| call.disk_sleeps != Some(0)).map(|call| Some(call.offset));
    let mut reported = seen.slow_calls.iter().filter(|call| call.disk_ns > 0).collect::<Vec<_>>();
    reported.sort_by_key(|call| call.at_ns);
    let reported = reported.iter().map(|call| call.offset).collect::<Vec<_>>();
    assert_eq!(reported, slept.collect::<Vec<_>>(), "offsets of the disk-blocked calls, in order");
}

#[test]
fn cold_calls_on_a_throttled_disk_are_disk_blocked_and_hot_ones_are_not() {
    let _machine = needs!(Root, DelayAccounting, DiskThrottle);
    let _accounting = Sysctl::delay_accounting();
    let workload = Workload::start(PAGE_BY_PAGE);
    let disk = ThrottledDisk::for_process(workload.pid(), 400);
    let (seen, truth) = watch_with("", workload);
    drop(disk);
    let cold = cold_calls(&truth);
    assert_eq!(cold, 400, "the workload's own cold calls");
    assert_counts(seen.sendfile(), &truth);
    assert_agree("disk-blocked calls", seen.sendfile().disk_blocked, cold, 0.01, 0);
    assert_agrees_with_taskstats(&seen, &truth);
    assert_each_agrees_with_taskstats(&seen, &truth);
}

#[test]
fn cold_calls_on_the_plain_disk_are_disk_blocked() {
    let _machine = needs!(Root, DelayAccounting);
    let _accounting = Sysctl::delay_accounting();
    let (seen, truth) = watch(PAGE_BY_PAGE);
    assert_agree("disk-blocked calls", seen.sendfile().disk_blocked, cold_calls(&truth), 0.02, 0);
    assert_agrees_with_taskstats(&seen, &truth);
    assert_each_agrees_with_taskstats(&seen, &truth);
}

#[test]
fn cpu_load_makes_no_disk_waits() {
    let _machine = needs!(Root, DelayAccounting);
    let _accounting = Sysctl::delay_accounting();
    let workload = Workload::start("cold --calls 400 --threads 2");
    let load = CpuLoad::per_cpu(2);
    let (seen, truth) = watch_with("", workload);
    drop(load);
    assert_agrees_with_taskstats(&seen, &truth);
    // A read may be over before a thread that waits for its CPU gets to sleep: then it did not sleep.
    let cold = cold_calls(&truth);
    assert!(seen.sendfile().disk_blocked <= cold + cold / 50, "{} of {cold}", seen.sendfile().disk_blocked);
    for thread in &truth.threads {
        let slept = thread.each.iter().filter(|call| call.disk_sleeps != Some(0)).count() as u64;
        assert_eq!(seen.sendfile().thread(thread.tid).disk_blocked, slept, "thread {}", thread.tid);
    }
}

#[test]
fn a_read_that_lasts_several_sleeps_is_one_disk_blocked_call() {
    let _machine = needs!(Root, DelayAccounting);
    let _accounting = Sysctl::delay_accounting();
    let (seen, truth) = watch("cold --calls 60 --bytes 1048576 --hot-every 0");
    assert!(truth.each().any(|call| call.disk_sleeps > Some(1)), "no call slept twice");
    assert_agrees_with_taskstats(&seen, &truth);
}
