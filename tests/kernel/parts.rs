//! Where the time of a call goes, each part against a source of its own, and the cause that follows.

use tests::{
    agree::repeatedly,
    disk::{LoopDisk, ThrottledDisk},
    load::CpuLoad,
    needs,
    os::stolen::{granularity_ns, stolen_ns},
    recording::Syscall,
    sysctl::Sysctl,
    workload::Workload,
};

use crate::{assert_agree, watch, watch_with};

/// Reading a clock or a counter beside a call takes time that one side sees and the other does not.
const PER_CALL_NS: u64 = 5_000;

/// From a wake-up until the thread runs, a CPU may have to leave its idle state or finish an interrupt. The
/// scheduler's clock stands still meanwhile (`rq_clock_skip_update`), so schedstat shows no delay: the sleep
/// lasts until then for tracer, and is over before for taskstats.
const PER_SLEEP_NS: u64 = 20_000;

#[test]
fn on_cpu_time_is_the_threads_cpu_time() {
    repeatedly(|| {
        let _machine = needs!(Root);
        let before_ns = stolen_ns();
        let (seen, truth) = watch("busy --calls 60");
        let stolen_ns = stolen_ns() - before_ns;
        let seen = seen.sendfile();
        let cpu_ns = truth.sum(|call| call.cpu_ns);
        assert_on_cpu(seen, cpu_ns, 0.01, stolen_ns);
        assert_eq!((seen.time_ns.disk, seen.time_ns.other), (0, 0), "it never slept");
    });
}

#[test]
fn run_queue_time_is_schedstats_run_delay() {
    repeatedly(|| {
        let _machine = needs!(Root);
        let before_ns = stolen_ns();
        let (seen, truth) = watch("busy --calls 60 --bytes 33554432 --burners 2");
        let stolen_ns = stolen_ns() - before_ns;
        let seen = seen.sendfile();
        let run_delay_ns = truth.sum(|call| call.run_delay_ns);
        let cpu_ns = truth.sum(|call| call.cpu_ns);
        assert!(run_delay_ns > cpu_ns / 2, "the burners took too little: {run_delay_ns} beside {cpu_ns}");
        assert_agree("run queue", seen.time_ns.runqueue, run_delay_ns, 0.02, PER_CALL_NS * seen.calls);
        assert_on_cpu(seen, cpu_ns, 0.02, stolen_ns);
    });
}

/// The calls were on the CPU for the time that the kernel charged their threads with; in what it charged nobody with, a
/// call goes on.
fn assert_on_cpu(seen: &Syscall, cpu_ns: u64, share: f64, stolen_ns: u64) {
    let on_cpu_ns = seen.time_ns.on_cpu;
    let slack_ns = PER_CALL_NS * seen.calls;
    if on_cpu_ns <= cpu_ns {
        assert_agree("on CPU", on_cpu_ns, cpu_ns, share, slack_ns);
    } else {
        assert_agree("on CPU", on_cpu_ns, cpu_ns, share, slack_ns + stolen_ns + granularity_ns());
    }
}

#[test]
fn a_call_that_only_lost_the_cpu_is_runqueue() {
    repeatedly(|| {
        let _machine = needs!(Root);
        let (seen, truth) = watch("busy --calls 60 --bytes 33554432 --burners 2");
        let [on_cpu, disk, runqueue, other] = seen.sendfile().by_cause.counts();
        assert_eq!(truth.sum(|call| call.voluntary_switches), 0, "the workload slept");
        let lost = truth.each().filter(|call| call.involuntary_switches > Some(0)).count() as u64;
        assert!(lost >= 30, "only {lost} of 60 calls lost the CPU");
        assert_eq!((disk, other), (0, 0));
        // The CPU may be lost between a counter's reading and the call: once in a while, not as a rule.
        assert_agree("calls that lost the CPU", runqueue, lost, 0.0, 2);
        assert_eq!(on_cpu + runqueue, 60);
    });
}

#[test]
fn disk_time_is_the_block_io_delay_of_taskstats() {
    repeatedly(|| {
        let _machine = needs!(Root, DelayAccounting, RealTime, DiskThrottle, LoopDisk);
        let _accounting = Sysctl::delay_accounting();
        let loop_disk = LoopDisk::mount();
        let workload = Workload::start_on(&loop_disk, "cold --calls 200 --real-time");
        let limit = ThrottledDisk::of(&workload, 200);
        let (seen, truth) = watch_with("", workload);
        drop(limit);
        let seen = seen.sendfile();
        let slept_ns = truth.sum(|call| call.disk_sleep_ns);
        assert!(slept_ns > 300_000_000, "a hundred reads at 200 a second took {slept_ns}");
        assert_agree("disk", seen.time_ns.disk, slept_ns, 0.002, PER_SLEEP_NS * seen.disk_waits);
    });
}

#[test]
fn cpu_load_adds_to_the_run_queue_and_not_to_the_disk() {
    repeatedly(|| {
        let _machine = needs!(Root, DiskThrottle, LoopDisk);
        let loop_disk = LoopDisk::mount();
        // What sleeps much and runs little preempts its equals at once. What is nice has had its share soon, and waits.
        let workload = Workload::start_on(&loop_disk, "cold --calls 400 --threads 2 --bytes 65536 --nice 13");
        let limit = ThrottledDisk::of(&workload, 1000);
        let load = CpuLoad::per_cpu(2);
        let (seen, truth) = watch_with("", workload);
        drop((load, limit));
        let seen = seen.sendfile();
        // Into /dev/null they sleep for the disk alone.
        let slept_ns = truth.sum(|call| Some(call.slept_ns()));
        let run_delay_ns = truth.sum(|call| call.run_delay_ns);
        assert!(run_delay_ns > slept_ns / 20, "the load took too little: {run_delay_ns} beside {slept_ns}");
        assert_agree("run queue", seen.time_ns.runqueue, run_delay_ns, 0.02, PER_SLEEP_NS * seen.disk_waits);
        assert_agree("disk", seen.time_ns.disk, slept_ns, 0.01, PER_SLEEP_NS * seen.disk_waits);
        assert_eq!(seen.time_ns.other, 0);
    });
}

#[test]
fn disk_time_on_a_throttled_disk_follows_from_its_rate() {
    repeatedly(|| {
        let _machine = needs!(Root, DiskThrottle, LoopDisk, RealTime);
        let loop_disk = LoopDisk::mount();
        let (calls, reads_per_second) = (300_u32, 200_u32);
        let workload = Workload::start_on(&loop_disk, &format!("cold --calls {calls} --hot-every 0 --real-time"));
        let limit = ThrottledDisk::of(&workload, reads_per_second);
        let (seen, _) = watch_with("", workload);
        drop(limit);
        let expected_ns = u64::from(calls) * 1_000_000_000 / u64::from(reads_per_second);
        assert_agree("disk", seen.sendfile().time_ns.disk, expected_ns, 0.1, 0);
    });
}

#[test]
fn a_call_held_up_by_a_full_pipe_is_other_for_as_long_as_it_slept() {
    repeatedly(|| {
        held_up_by("pipe");
    });
}

#[test]
fn a_call_held_up_by_a_full_socket_is_other_for_as_long_as_it_slept() {
    repeatedly(|| {
        held_up_by("socket");
    });
}

fn held_up_by(out: &str) {
    let _machine = needs!(Root);
    let (calls, hold_ns) = (60, 5_000_000);
    let (seen, truth) = watch(&format!("held --calls {calls} --hold-us 5000 --out {out}"));
    let seen = seen.sendfile();
    assert_eq!(seen.by_cause.counts(), [0, 0, 0, calls]);
    assert_eq!(seen.time_ns.disk, 0);
    let held_ns = truth.sum(|call| call.held_ns);
    assert!(held_ns >= calls * hold_ns, "the peer slept less than it should: {held_ns}");
    // From below: what the call does before it sleeps. From above: all that is neither CPU nor run queue.
    assert!(seen.time_ns.other + calls * 100_000 >= held_ns, "{} of {held_ns}", seen.time_ns.other);
    let rest_ns = truth.sum(|call| Some(call.slept_ns()));
    assert_agree("other", seen.time_ns.other, rest_ns, 0.01, PER_SLEEP_NS * calls);
}

#[test]
fn a_cold_call_held_up_by_a_full_pipe_is_still_disk() {
    repeatedly(|| {
        let _machine = needs!(Root, DelayAccounting, RealTime, DiskThrottle, LoopDisk);
        let _accounting = Sysctl::delay_accounting();
        let loop_disk = LoopDisk::mount();
        let workload = Workload::start_on(&loop_disk, "held --calls 40 --hold-us 3000 --cold --real-time");
        let limit = ThrottledDisk::of(&workload, 200);
        let (seen, truth) = watch_with("", workload);
        drop(limit);
        let seen = seen.sendfile();
        let slept = truth.each().filter(|call| call.disk_sleeps > Some(0)).count() as u64;
        let twice = truth.each().filter(|call| call.voluntary_switches > call.disk_sleeps).count();
        assert!(slept >= 38 && twice == 40, "{slept} calls slept for the disk, {twice} for the pipe");
        assert_eq!(seen.by_cause.counts(), [0, slept, 0, 40 - slept]);
        let disk_ns = truth.sum(|call| call.disk_sleep_ns);
        assert_agree("disk", seen.time_ns.disk, disk_ns, 0.002, PER_SLEEP_NS * seen.disk_waits);
        let rest_ns = truth.sum(|call| Some(call.slept_ns() - call.disk_sleep_ns?));
        assert_agree("other", seen.time_ns.other, rest_ns, 0.01, PER_SLEEP_NS * seen.calls);
    });
}
