//! The analysis is pure, so invented snapshots are enough to try every judgement.

use bytemuck::Zeroable as _;
use jiff::Timestamp;
use tracer_common::{
    histogram::bucket_of,
    records::{Call, CallStats, Losses, OffCpuReason, SleepingTask, ThreadKey, ThreadSlot},
    syscall::Syscall,
};

use super::recording;
use crate::{
    model::{Histogram, HistogramBuilder, Host, Mechanism, Probe, ProbeStatus, Recording, Role, Status, Target},
    snapshot::{Snapshot, SyscallData, ThreadData},
};

const SECOND_NS: u64 = 1_000_000_000;
const OPENED_NS: u64 = 1_000 * SECOND_NS;
const THRESHOLD_NS: u64 = 1_000_000;

fn probe(name: &str) -> Probe {
    Probe {
        name: name.into(),
        mechanism: Mechanism::TpBtf,
        status: ProbeStatus::Attached,
        reason: None,
        missed: Some(0),
    }
}

/// A second of nothing.
fn snapshot(threads: Vec<ThreadData>) -> Snapshot {
    let histogram = |stats: fn(&CallStats) -> u64| {
        let mut builder = HistogramBuilder::default();
        threads.iter().filter(|thread| stats(&thread.calls[0]) > 0).for_each(|_| builder.record(2_000_000));
        builder.build()
    };
    let disk = histogram(|calls| calls.disk_blocked);
    Snapshot {
        host: Host {
            hostname: "h".into(),
            kernel: "6.18".into(),
            arch: "x86_64".into(),
            cpus: 2,
            boot_id: String::new(),
        },
        target: Target { selector: "--pid 10".into(), processes: Vec::new(), ended_early: None },
        start: Timestamp::UNIX_EPOCH,
        opened_ns: OPENED_NS,
        closed_ns: OPENED_NS + SECOND_NS,
        threshold_ns: THRESHOLD_NS,
        blocked_share: 0.001,
        probes: vec![probe("sendfile"), probe(Probe::DISK_WAITS), probe(Probe::PAGE_CACHE)],
        losses: Losses::default(),
        threads,
        syscalls: vec![SyscallData {
            syscall: Syscall::Sendfile,
            errors: Vec::new(),
            without_disk: Histogram::default(),
            disk,
            other: Histogram::default(),
            runqueue: Histogram::default(),
        }],
        asleep: Some(Vec::new()),
        culprits: None,
        intervals: Vec::new(),
    }
}

fn thread(tid: u32) -> ThreadData {
    let mut slot = ThreadSlot::zeroed();
    slot.key = ThreadKey { start_boottime_ns: u64::from(tid) * SECOND_NS, pid: 10, tid };
    slot.comm[..4].copy_from_slice(b"work");
    ThreadData { slot, calls: vec![Box::new(CallStats::zeroed())], comm_now: None }
}

/// A thread that waits on an epoll instance of its own.
fn event_loop(tid: u32) -> ThreadData {
    let mut data = thread(tid);
    data.slot.epoll_sleeps = 100;
    data.slot.epoll_fd = tid;
    data
}

/// The same with disk waits of this length.
fn waiting(mut data: ThreadData, waits: u64, each_ns: u64) -> ThreadData {
    data.slot.disk_waits = waits;
    data.slot.disk_wait_ns = waits * each_ns;
    data.slot.disk_wait_max_ns = each_ns;
    data
}

/// The same with calls that ran all along.
fn calling(mut data: ThreadData, calls: u32, each_ns: u64) -> ThreadData {
    data.slot.entered = calls.into();
    let stats = &mut data.calls[0];
    stats.buckets[bucket_of(each_ns)] = calls;
    stats.latency_sum_ns = u64::from(calls) * each_ns;
    stats.on_cpu.add(each_ns);
    data
}

fn asleep(data: &ThreadData, syscall_number: i64, for_disk: bool) -> SleepingTask {
    SleepingTask {
        key: data.slot.key,
        comm: data.slot.comm,
        syscall_number,
        first_argument: 0,
        in_iowait: for_disk.into(),
        state: if for_disk { 2 } else { 1 },
    }
}

fn status(recording: &Recording) -> (Status, Vec<u32>) {
    (recording.verdict.status, recording.verdict.threads.iter().map(|thread| thread.tid.0).collect())
}

#[test]
fn a_wait_of_the_threshold_blocks_and_the_worst_loop_comes_first() {
    let loops = vec![event_loop(1), waiting(event_loop(2), 1, THRESHOLD_NS), waiting(event_loop(3), 3, THRESHOLD_NS)];
    assert_eq!(status(&recording(&snapshot(loops))), (Status::Blocked, vec![3, 2]));
}

#[test]
fn many_short_waits_block_by_their_share_of_the_window() {
    let just_enough = waiting(event_loop(1), 10, 100_000);
    assert_eq!(status(&recording(&snapshot(vec![just_enough]))).0, Status::Blocked);
    let too_little = waiting(event_loop(1), 9, 100_000);
    assert_eq!(status(&recording(&snapshot(vec![too_little]))).0, Status::Clear);
}

#[test]
fn workers_and_pollers_may_wait_for_the_disk() {
    let mut pollers = [event_loop(1), event_loop(2)];
    pollers.iter_mut().for_each(|data| data.slot.epoll_fd = 5);
    let [one, other] = pollers;
    let recording = recording(&snapshot(vec![
        waiting(one, 50, THRESHOLD_NS),
        other,
        waiting(thread(3), 50, THRESHOLD_NS),
        event_loop(4),
    ]));
    assert_eq!(status(&recording), (Status::Clear, Vec::new()));
    let role = |tid| recording.threads.iter().find(|row| row.thread.tid.0 == tid).map(|row| row.thread.role);
    assert_eq!([1, 2, 3, 4].map(role), [Role::Poller, Role::Poller, Role::Worker, Role::EventLoop].map(Some));
}

#[test]
fn a_loop_that_still_waits_for_the_disk_at_the_end_is_blocked_whatever_the_counts() {
    let mut stuck = event_loop(1);
    stuck.slot.off_cpu.since_ns = OPENED_NS + SECOND_NS / 2;
    stuck.slot.off_cpu.reason = OffCpuReason::Disk as u32;
    let sleeper = asleep(&stuck, 17, true);
    let mut with_sleeper = snapshot(vec![stuck]);
    with_sleeper.asleep = Some(vec![sleeper]);
    assert_eq!(status(&recording(&with_sleeper)), (Status::Blocked, vec![1]));
}

#[test]
fn without_the_disk_waits_probe_nothing_is_clear() {
    let mut blind = snapshot(vec![event_loop(1)]);
    blind.probes.retain(|probe| probe.name != Probe::DISK_WAITS);
    assert_eq!(status(&recording(&blind)).0, Status::Inconclusive);
}

#[test]
fn losses_above_a_thousandth_leave_it_open() {
    let with_losses = |calls_uncounted| {
        let mut lossy = snapshot(vec![calling(event_loop(1), 100_000, 5_000)]);
        lossy.losses.calls_uncounted = calls_uncounted;
        status(&recording(&lossy)).0
    };
    assert_eq!(with_losses(100), Status::Clear);
    assert_eq!(with_losses(101), Status::Inconclusive);
}

#[test]
fn without_an_event_loop_or_with_hardly_a_turn_it_cannot_be_said() {
    assert_eq!(status(&recording(&snapshot(vec![calling(thread(1), 5, 5_000)]))).0, Status::Inconclusive);
    let mut idle = event_loop(1);
    idle.slot.epoll_sleeps = 9;
    assert_eq!(status(&recording(&snapshot(vec![idle]))).0, Status::Inconclusive);
}

#[test]
fn calls_in_flight_are_told_by_where_they_began() {
    let mut inside = thread(1);
    inside.slot.call.active = Call::mark(Syscall::Sendfile);
    inside.slot.call.since_ns = OPENED_NS + SECOND_NS / 4;
    let mut returned = thread(2);
    returned.slot.returned_at_ns = OPENED_NS + SECOND_NS / 2;
    returned.slot.returned_from = Call::mark(Syscall::Sendfile);
    let mut short = thread(3);
    short.slot.returned_at_ns = OPENED_NS + THRESHOLD_NS - 1;
    short.slot.returned_from = Call::mark(Syscall::Sendfile);
    let stuck = asleep(&thread(4), 40, false);
    let elsewhere = asleep(&thread(5), 0, false);
    let sleeping_inside = asleep(&inside, 40, true);

    let mut all = snapshot(vec![inside, returned, short]);
    all.asleep = Some(vec![stuck, elsewhere, sleeping_inside]);
    let recording = recording(&all);
    let found: Vec<_> = recording.syscalls[0]
        .in_flight
        .iter()
        .map(|call| (call.thread.tid.0, call.since_ns, call.returned_at_ns, call.waits_for_disk))
        .collect();
    assert_eq!(
        found,
        [
            (4, None, None, Some(false)),
            (2, None, Some(SECOND_NS / 2), None),
            (1, Some(SECOND_NS * 3 / 4), None, Some(true)),
        ]
    );
}

#[test]
fn calls_that_ran_all_along_are_what_the_other_causes_leave_over() {
    let mut blocked = calling(thread(1), 9, 5_000);
    let stats = &mut blocked.calls[0];
    stats.buckets[bucket_of(2_000_000)] += 1;
    stats.latency_sum_ns += 2_000_000;
    stats.blocked.add(2_000_000);
    stats.disk_blocked = 1;
    stats.disk_waits = 1;
    stats.disk_ns = 1_990_000;
    let mut one = snapshot(vec![blocked]);
    let mut rest = HistogramBuilder::default();
    rest.record(10_000);
    one.syscalls[0].without_disk = rest.build();

    let syscall = &recording(&one).syscalls[0];
    assert_eq!((syscall.calls, syscall.by_cause.on_cpu.count(), syscall.by_cause.disk.count()), (10, 9, 1));
    assert_eq!(syscall.by_cause.on_cpu.sum_ns(), 45_000);
    assert_eq!((syscall.time_ns.disk, syscall.time_ns.on_cpu), (1_990_000, 55_000));
    assert_eq!(syscall.without_disk.count(), 10);
    assert_eq!(syscall.without_disk.sum_ns(), syscall.latency.sum_ns() - syscall.time_ns.disk);
    assert_eq!(syscall.without_disk.max_ns(), Some(10_000));
}
