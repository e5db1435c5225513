//! What the kernel half counts and times, on the running kernel, against sources of their own: the
//! program's own counts and clocks, mincore, taskstats, schedstat, bpftrace.

mod barrier;
mod cold_pages;
mod containers;
mod counting;
mod culprits;
mod disk_waits;
mod doctor;
mod event_loops;
mod families;
mod front;
mod in_flight;
mod kinds;
mod latency;
mod least_privilege;
mod live;
mod lockdown;
mod pagecache;
mod parts;
mod pid_namespaces;
mod roles;
mod run;
mod rungs;
mod serve;
mod side_by_side;
mod splice;
mod stacks;
mod storms;
mod stuck_loops;
mod targets;
mod ten_thousand;
mod turns;
mod window;
mod worst_turns;

use tests::{
    agree::assert_agree,
    recording::{Recording, Syscall, SyscallWaits, Thread},
    tracer::Tracer,
    truth::{ThreadTruth, Truth},
    workload::Workload,
};

/// Clock ticks a second in `/proc/PID/stat`.
const TICK_NS: u64 = 1_000_000_000 / 100;

/// Lets tracer watch a whole workload; the recording is exact in all that every recording must be.
fn watch(arguments: &str) -> (Recording, Truth) {
    watch_with("", Workload::start(arguments))
}

/// The same with more arguments for tracer, on a workload that is set up.
fn watch_with(arguments: &str, workload: Workload) -> (Recording, Truth) {
    let (seen, truth) = watch_lossy(arguments, workload);
    seen.assert_nothing_lost();
    (seen, truth)
}

/// The same where something may be lost.
fn watch_lossy(arguments: &str, mut workload: Workload) -> (Recording, Truth) {
    let tracer = Tracer::sendfile(&format!("--pid {} {arguments}", workload.pid()));
    let truth = workload.run();
    let seen = tracer.stop().recording;
    assert_adds_up(seen.sendfile());
    (seen, truth)
}

/// Each thread's calls, bytes and errors, and their sums, are those of the program.
fn assert_counts(seen: &Syscall, truth: &Truth) {
    assert_eq!(seen.calls, truth.calls(), "calls");
    assert_eq!(seen.bytes, truth.bytes(), "bytes");
    assert_eq!(seen.errors_by_name, truth.errors(), "errors");
    let with_calls = |thread: &&Thread| thread.calls > 0;
    assert_eq!(seen.threads.iter().filter(with_calls).count(), truth.threads.len(), "threads");
    for (index, thread) in truth.threads.iter().enumerate() {
        let namesakes = truth.threads[..index].iter().filter(|former| former.tid == thread.tid).count();
        let threads = seen.threads_with(thread.tid);
        let seen = threads.get(namesakes).unwrap_or_else(|| panic!("thread {} is not listed", thread.tid));
        assert_same_thread(seen, thread);
    }
}

fn assert_same_thread(seen: &Thread, truth: &ThreadTruth) {
    let tid = truth.tid;
    assert_eq!(seen.start_time_ns / TICK_NS, truth.start_ticks, "start of thread {tid}");
    assert_eq!(seen.calls, truth.calls, "calls of thread {tid}");
    assert_eq!(seen.bytes, truth.bytes, "bytes of thread {tid}");
    assert_eq!(seen.errors, truth.error_count(), "errors of thread {tid}");
}

/// Histogram, causes, parts and threads each sum to the total.
fn assert_adds_up(seen: &Syscall) {
    let rows = |rows: &[(u64, u64, u64)]| rows.iter().map(|(_, _, count)| count).sum::<u64>();
    assert_eq!(seen.latency.count, seen.calls);
    assert_eq!(rows(&seen.latency.buckets), seen.calls);
    assert_eq!(rows(&seen.latency.log2), seen.calls);
    assert_eq!(seen.by_cause.counts().iter().sum::<u64>(), seen.calls);
    assert_eq!(seen.by_cause.disk.count, seen.disk_blocked);
    assert_eq!(seen.time_ns.sum(), seen.latency.sum);
    assert_eq!(seen.errors_by_name.values().sum::<u64>(), seen.errors);
    let over_threads = |field: fn(&Thread) -> u64| seen.threads.iter().map(field).sum::<u64>();
    assert_eq!(over_threads(|thread| thread.calls), seen.calls);
    assert_eq!(over_threads(|thread| thread.bytes), seen.bytes);
    assert_eq!(over_threads(|thread| thread.latency.sum), seen.latency.sum);
    assert_eq!(over_threads(|thread| thread.disk_waits), seen.disk_waits);
    assert_eq!(over_threads(|thread| thread.disk_wait_ns), seen.time_ns.disk);
}

/// The disk waits of a thread that are in one system call alone, or in page faults.
fn waits_in<'a>(seen: &'a Recording, tid: u32, place: &str) -> &'a SyscallWaits {
    let thread = seen.threads.iter().find(|thread| thread.tid == tid);
    let rows = thread.map(|thread| thread.by_syscall.as_slice()).unwrap_or_default();
    rows.iter().find(|row| row.name == place).unwrap_or_else(|| panic!("no disk waits in {place}: {rows:?}"))
}

/// All disk waits of a thread.
fn disk_waits(seen: &Recording, tid: u32) -> u64 {
    seen.threads.iter().find(|thread| thread.tid == tid).map_or(0, |thread| thread.disk_waits)
}

/// A thread's role, if it made traced calls or waited for the disk.
fn role(seen: &Recording, tid: u32) -> Option<&str> {
    seen.threads.iter().find(|thread| thread.tid == tid).map(|thread| thread.role.as_str())
}

/// How often a thread gave up its CPU in the work that it measured.
fn sleeps(truth: &ThreadTruth) -> u64 {
    truth.each.iter().map(|work| work.voluntary_switches.expect("the workload measures")).sum()
}
