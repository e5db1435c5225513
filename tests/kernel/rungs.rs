//! Each mechanism that the kernel allows counts the same, and one that it does not allow is refused with its reason.

use std::process::Command;

use tests::{
    needs,
    os::rungs,
    recording::{Probe, Recording},
    tracer,
    truth::CallTruth,
    workload::Workload,
};

use crate::{assert_counts, watch_with};

/// What observes sendfile, and by which mechanism.
fn sendfile(seen: &Recording) -> &Probe {
    seen.probes.iter().find(|probe| probe.name == "sendfile").expect("it is listed")
}

#[test]
#[expect(clippy::print_stdout, reason = "it is shown if the test fails")]
fn each_rung_counts_the_same_calls_bytes_and_errors() {
    let _machine = needs!(Root);
    for mechanism in rungs::of_calls() {
        println!("--mechanism {mechanism}");
        let threads = most_in_flight(mechanism);
        let workload = Workload::start(&format!("count --threads {threads} --calls 5000 --fail EBADF=7,EAGAIN=5"));
        let (seen, truth) = watch_with(&format!("--mechanism {mechanism}"), workload);
        assert_counts(seen.sendfile(), &truth);
        let probe = sendfile(&seen);
        assert_eq!((probe.mechanism.as_str(), probe.status.as_str()), (mechanism, "attached"));
    }
}

/// How many calls a mechanism sees the ends of at the same time, if these are no more than four: up to 5.10 a kernel has a
/// place for the return of one call a CPU (`register_kretprobe` in kernel/kprobes.c).
fn most_in_flight(mechanism: &str) -> usize {
    let cpus = std::thread::available_parallelism().expect("the number of CPUs").get();
    if mechanism == "kprobe" { cpus.min(4) } else { 4 }
}

#[test]
fn the_programs_for_older_kernels_are_used_where_they_are_asked_for() {
    let _machine = needs!(Root);
    let verified = |option: &[&str]| {
        let workload = Workload::start("count --threads 1 --calls 10");
        let pid = workload.pid().to_string();
        let arguments = ["sendfile", "--pid", &pid, "-d", "100ms", "-v"];
        let output = Command::new(tracer::binary()).args(arguments).args(option).output().expect("tracer starts");
        let said = tracer::said(&output);
        let line = said.lines().find(|line| line.starts_with("tracer: sched_switch: attached, "));
        line.unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    // Other programs of the same name: the verifier looked at another number of instructions.
    assert_ne!(verified(&[]), verified(&["--guarded"]));
}

#[test]
fn each_rung_tells_calls_that_were_held_up_from_those_that_ran() {
    let _machine = needs!(Root);
    for mechanism in rungs::of_calls() {
        let workload = Workload::start("held --calls 30 --hold-us 10000");
        let (seen, truth) = watch_with(&format!("--mechanism {mechanism}"), workload);
        let row = seen.sendfile();
        // A caller that is late, on an emulated machine, may find room already: it knows whether it slept.
        let has_slept = |work: &&CallTruth| work.voluntary_switches.expect("the workload measures") > 0;
        let slept = truth.threads[0].each.iter().filter(has_slept).count() as u64;
        assert!(slept >= 25, "{mechanism}: only {slept} calls were held up");
        assert_eq!((row.calls, row.by_cause.other.count), (30, slept), "{mechanism}");
        let held_ns: u64 = truth.threads[0].each.iter().map(|call| call.held_ns.expect("its peer knows")).sum();
        let latency_ns: u64 = truth.threads[0].each.iter().map(|call| call.latency_ns).sum();
        assert!(row.latency.sum <= latency_ns, "{mechanism}: {} of {latency_ns}", row.latency.sum);
        // From its own clock to its entry the program may lose the CPU.
        assert!(row.latency.sum + 30 * 100_000 >= held_ns, "{mechanism}: {} of {held_ns}", row.latency.sum);
    }
}

#[test]
fn the_cheapest_rung_is_taken() {
    let _machine = needs!(Root);
    let (seen, _) = watch_with("", Workload::start("count --threads 1 --calls 10"));
    assert_eq!(sendfile(&seen).mechanism, rungs::of_calls()[0]);
}

#[test]
fn a_rung_that_cannot_be_had_is_refused_with_the_kernels_reason() {
    let _machine = needs!(Root);
    for mechanism in rungs::missing() {
        let workload = Workload::start("count --threads 1 --calls 10");
        let pid = workload.pid().to_string();
        let arguments = ["sendfile", "--pid", &pid, "-d", "1s", "--mechanism", mechanism];
        let output = Command::new(tracer::binary()).args(arguments).output().expect("tracer starts");
        let said = tracer::said(&output);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.starts_with(&format!("tracer: cannot trace sendfile: {mechanism}: cannot ")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
