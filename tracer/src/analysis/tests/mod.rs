//! The analysis is pure, so invented snapshots are enough to try every judgement.

mod event_loops;

use std::collections::HashMap;

use bytemuck::Zeroable as _;
use jiff::Timestamp;
use tracer_common::{
    culprit::{CallSums, OFFSET_UNKNOWN, OutClass, SlowCall},
    histogram::bucket_of,
    records::{Call, CallStats, Losses, OffCpuReason, SleepingTask, ThreadKey, ThreadSlot},
    syscall::{Syscall, readiness},
    turns::ReadySet,
};

use super::recording;
use crate::{
    model::{
        ClientCalls, FileCalls, Histogram, HistogramBuilder, Host, Mechanism, Out, Probe, ProbeStatus, Recording, Role,
        Status, Target,
    },
    options::PeerLabels,
    snapshot::{
        CallData, ClientData, Culprits, FileData, FileRef, Peer, Snapshot, SyscallData, ThreadData, UntoldData, Watched,
    },
};

const SECOND_NS: u64 = 1_000_000_000;
const OPENED_NS: u64 = 1_000 * SECOND_NS;
const THRESHOLD_NS: u64 = 1_000_000;
const EPOLL_WAIT: u32 = readiness::EPOLL_WAIT as u32;

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
        opened_boottime_ns: OPENED_NS,
        closed_ns: OPENED_NS + SECOND_NS,
        threshold_ns: THRESHOLD_NS,
        blocked_share: 0.001,
        probes: vec![probe("sendfile"), probe(Probe::DISK_WAITS), probe(Probe::READINESS), probe(Probe::PAGE_CACHE)],
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
        asleep_before: Some(Vec::new()),
        asleep: Some(Vec::new()),
        idle_instances: Vec::new(),
        counts_behind: true,
        watched: HashMap::new(),
        thread_names: HashMap::new(),
        peer_labels: PeerLabels::default(),
        culprits: None,
        intervals: Vec::new(),
    }
}

fn thread(tid: u32) -> ThreadData {
    let mut slot = ThreadSlot::zeroed();
    slot.key = ThreadKey { start_boottime_ns: u64::from(tid) * SECOND_NS, pid: 10, tid };
    slot.comm[..4].copy_from_slice(b"work");
    ThreadData { slot, calls: vec![Box::new(CallStats::zeroed())], turns: None, comm_now: None }
}

/// A thread that waits on an epoll instance of its own.
fn event_loop(tid: u32) -> ThreadData {
    let mut data = thread(tid);
    let turns = &mut data.slot.turns;
    (turns.sleeps, turns.turns, turns.ready_events) = (100, 100, 200);
    (turns.syscall_number, turns.set) = (EPOLL_WAIT, tid.into());
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
        second_argument: 0,
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
    pollers.iter_mut().for_each(|data| data.slot.turns.set = 5);
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
fn where_threads_share_their_connections_there_is_no_loop_to_block() {
    let mut pollers = [event_loop(1), event_loop(2)];
    pollers.iter_mut().for_each(|data| data.slot.turns.set = 5);
    let [one, other] = pollers;
    let shared = recording(&snapshot(vec![waiting(one, 50, THRESHOLD_NS), other]));
    assert_eq!(status(&shared), (Status::Clear, Vec::new()));
    assert!(shared.verdict.summary.contains("2 threads share"), "{}", shared.verdict.summary);
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
    idle.slot.turns.turns = 9;
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

fn sums(calls: u64, disk_ns: u64) -> CallSums {
    CallSums {
        calls,
        bytes: calls * 4096,
        disk_blocked: u64::from(disk_ns > 0),
        disk_ns,
        latency_ns: disk_ns + calls * 1_000,
        cold_requested: calls,
        read_ahead: 2 * calls,
    }
}

fn file(path: Option<&str>, inode: u64) -> FileRef {
    FileRef { path: path.map(String::from), device: (252, 1), device_name: Some("vda1".into()), inode }
}

fn file_data(file: Option<FileRef>, sums: CallSums) -> FileData {
    FileData { syscall: Syscall::Sendfile, file, range: Some((4096, 8192)), sums }
}

fn client_data(peer: Option<Peer>, sums: CallSums) -> ClientData {
    ClientData { syscall: Syscall::Sendfile, peer, sums }
}

fn ip(address: &str) -> Option<Peer> {
    Some(Peer::Ip(address.parse().unwrap()))
}

/// What `culprits` say about a second of nothing.
fn told(culprits: Culprits) -> Recording {
    let mut snapshot = snapshot(Vec::new());
    snapshot.culprits = Some(culprits);
    recording(&snapshot)
}

#[test]
fn files_and_clients_stand_worst_first_and_what_was_dropped_last() {
    let recording = told(Culprits {
        files: vec![
            file_data(None, sums(9, 0)),
            file_data(Some(file(Some("/b"), 1)), sums(2, 0)),
            file_data(Some(file(Some("/a"), 2)), sums(2, 0)),
            file_data(Some(file(Some("/var/log/worst"), 3)), sums(1, 5_000)),
        ],
        clients: vec![
            client_data(ip("10.2.3.4:80"), sums(1, 4_000)),
            client_data(None, sums(3, 0)),
            client_data(Some(Peer::Unix("/run/x".into())), sums(1, 5_000)),
        ],
        calls: Vec::new(),
        untold: vec![UntoldData {
            syscall: Syscall::Sendfile,
            dropped: sums(1, 90_000),
            beyond_files: CallSums::default(),
            beyond_clients: CallSums::default(),
        }],
    });
    let syscall = &recording.syscalls[0];
    let paths: Vec<_> = syscall.files.iter().flatten().map(|row| row.path.as_str()).collect();
    assert_eq!(paths, ["/var/log/worst", "(none)", "/a", "/b", "(other)"]);
    let addresses: Vec<_> = syscall.clients.iter().flatten().map(|row| row.address.as_str()).collect();
    assert_eq!(addresses, ["unix:/run/x", "10.2.3.4:80", "(none)", "(other)"]);
    assert_eq!(recording.losses.slow_calls_dropped, 1);
}

#[test]
fn what_has_no_row_of_its_own_is_in_the_sums() {
    let syscall = &told(Culprits {
        files: vec![file_data(Some(file(Some("/a"), 1)), sums(4, 10_000))],
        clients: vec![client_data(ip("10.2.3.4:80"), sums(5, 20_000))],
        calls: Vec::new(),
        untold: vec![UntoldData {
            syscall: Syscall::Sendfile,
            dropped: sums(2, 3_000),
            beyond_files: sums(2, 15_000),
            beyond_clients: sums(1, 5_000),
        }],
    })
    .syscalls[0];
    let (files, clients) = (syscall.files.as_ref().unwrap(), syscall.clients.as_ref().unwrap());
    let of_files = |figure: fn(&FileCalls) -> u64| files.iter().map(figure).sum::<u64>();
    let of_clients = |figure: fn(&ClientCalls) -> u64| clients.iter().map(figure).sum::<u64>();
    assert_eq!((files.len(), clients.len()), (2, 2));
    assert_eq!((of_files(|row| row.calls), of_clients(|row| row.calls)), (8, 8));
    assert_eq!((of_files(|row| row.bytes), of_clients(|row| row.bytes)), (8 * 4096, 8 * 4096));
    assert_eq!((of_files(|row| row.disk_blocked), of_clients(|row| row.disk_blocked)), (3, 3));
    assert_eq!((of_files(|row| row.disk_wait_ns), of_clients(|row| row.disk_wait_ns)), (28_000, 28_000));
    assert_eq!((of_files(|row| row.cold_requested), of_files(|row| row.read_ahead)), (8, 16));
    assert_eq!(of_clients(|row| row.time_ns), 28_000 + 8 * 1_000);
    let other = &files[1];
    assert_eq!((&*other.path, other.calls, &other.device, other.inode), ("(other)", 4, &None, None));
}

#[test]
fn a_row_says_which_file_and_which_host() {
    let syscall = &told(Culprits {
        files: vec![
            file_data(Some(file(Some("/var/cold-0/a.log (deleted)"), 7)), sums(1, 3_000)),
            file_data(Some(file(Some("/top"), 8)), sums(1, 2_000)),
            file_data(Some(FileRef { device_name: None, ..file(None, 9) }), sums(1, 1_000)),
            FileData { range: None, ..file_data(None, sums(1, 0)) },
        ],
        clients: vec![
            client_data(ip("[2001:db8::1]:443"), sums(1, 2_000)),
            client_data(Some(Peer::Unix(String::new())), sums(1, 1_000)),
            client_data(None, sums(1, 0)),
        ],
        ..Culprits::default()
    })
    .syscalls[0];
    let files: Vec<_> = syscall
        .files
        .iter()
        .flatten()
        .map(|row| (row.path.as_str(), row.directory.as_deref(), row.device_name.as_deref(), row.inode))
        .collect();
    assert_eq!(
        files,
        [
            ("/var/cold-0/a.log (deleted)", Some("/var/cold-0"), Some("vda1"), Some(7)),
            ("/top", Some("/"), Some("vda1"), Some(8)),
            ("(inode 9)", None, None, Some(9)),
            ("(none)", None, None, None),
        ]
    );
    let files = syscall.files.as_ref().unwrap();
    assert_eq!(files[2].device.as_deref(), Some("252:1"));
    assert_eq!((files[0].first_offset, files[0].last_offset), (Some(4096), Some(8192)));
    assert_eq!((&files[3].device, files[3].first_offset, files[3].last_offset), (&None, None, None));
    let clients: Vec<_> =
        syscall.clients.iter().flatten().map(|row| (row.address.as_str(), row.host.as_deref())).collect();
    assert_eq!(clients, [("[2001:db8::1]:443", Some("2001:db8::1")), ("unix:", Some("unix:")), ("(none)", None)]);
}

#[test]
fn a_kernel_that_does_not_tell_leaves_files_and_clients_out() {
    let silent = &recording(&snapshot(Vec::new()));
    assert_eq!((&silent.syscalls[0].files, &silent.syscalls[0].clients), (&None, &None));
    assert!(silent.slow_calls.is_empty());
    let nothing_slow = &told(Culprits::default()).syscalls[0];
    assert_eq!((&nothing_slow.files, &nothing_slow.clients), (&Some(Vec::new()), &Some(Vec::new())));
}

/// A call of 2 ms by `thread`, a quarter of a second into the window.
fn slow_call(thread: &ThreadData, result: i64) -> SlowCall {
    let mut call = SlowCall::zeroed();
    call.key = thread.slot.key;
    call.comm = thread.slot.comm;
    call.since_ns = OPENED_NS + SECOND_NS / 4;
    (call.latency_ns, call.disk_ns, call.runqueue_ns, call.other_ns) = (2_000_000, 1_500_000, 200_000, 100_000);
    call.result = result;
    call.syscall = Syscall::Sendfile as u32;
    call
}

#[test]
fn a_slow_call_tells_who_when_where_and_for_whom() {
    let caller = event_loop(1);
    let mut sent = slow_call(&caller, 65_536);
    (sent.offset_bytes, sent.out) = (1 << 20, OutClass::Socket as u32);
    let mut failed = slow_call(&thread(2), -i64::from(libc::EAGAIN));
    (failed.offset_bytes, failed.out) = (OFFSET_UNKNOWN, OutClass::Null as u32);
    let mut snapshot = snapshot(vec![caller]);
    snapshot.culprits = Some(Culprits {
        calls: vec![
            CallData { call: sent, file: Some(file(Some("/a"), 1)), peer: ip("10.2.3.4:80") },
            CallData { call: failed, file: None, peer: None },
        ],
        ..Culprits::default()
    });
    let calls = recording(&snapshot).slow_calls;
    let [sent, failed] = calls.as_slice() else { panic!("two calls, not {calls:?}") };
    assert_eq!((sent.thread.tid.0, sent.thread.role, sent.at_ns), (1, Role::EventLoop, SECOND_NS / 4));
    assert_eq!((sent.syscall.as_str(), sent.latency_ns, sent.on_cpu_ns), ("sendfile", 2_000_000, 200_000));
    assert_eq!((sent.disk_ns, sent.runqueue_ns, sent.other_ns), (1_500_000, 200_000, 100_000));
    assert_eq!((sent.bytes, &sent.error, sent.out), (65_536, &None, Out::Socket));
    assert_eq!((sent.path.as_deref(), sent.offset), (Some("/a"), Some(1 << 20)));
    assert_eq!(sent.client.as_deref(), Some("10.2.3.4:80"));
    // Its thread has no slot: the record alone says who it was.
    assert_eq!((failed.thread.tid.0, failed.thread.name.as_str()), (2, "work"));
    assert_eq!((failed.bytes, failed.error.as_deref(), failed.out), (0, Some("EAGAIN"), Out::Null));
    assert_eq!((&failed.path, failed.offset, &failed.client), (&None, None, &None));
}

#[test]
fn a_loop_that_never_sleeps_is_a_loop() {
    let mut busy = event_loop(1);
    busy.slot.turns.sleeps = 0;
    assert_eq!(status(&recording(&snapshot(vec![waiting(busy, 1, THRESHOLD_NS)]))), (Status::Blocked, vec![1]));
}

#[test]
fn one_that_is_parked_beside_a_loop_takes_nothing_from_it() {
    let mut parked = event_loop(2);
    (parked.slot.turns.ready_events, parked.slot.turns.set) = (0, 1);
    let mut with_sleeper = snapshot(vec![waiting(event_loop(1), 1, THRESHOLD_NS), parked]);
    let sleeper = asleep(&thread(3), 232, false);
    with_sleeper.asleep = Some(vec![SleepingTask { first_argument: 1, ..sleeper }]);
    let recording = recording(&with_sleeper);
    assert_eq!(status(&recording), (Status::Blocked, vec![1]));
    assert_eq!(recording.event_loops.len(), 1);
}

#[test]
fn a_thread_that_waits_for_its_one_connection_is_a_worker() {
    let watching = |sockets, listens| {
        let mut snapshot = snapshot(vec![waiting(event_loop(1), 1, THRESHOLD_NS)]);
        snapshot.watched.insert(ReadySet::Epoll((10, 1)), Watched { descriptors: sockets + 1, sockets, listens });
        recording(&snapshot).threads[0].thread.role
    };
    assert_eq!(
        [watching(1, false), watching(1, true), watching(2, false)],
        [Role::Worker, Role::EventLoop, Role::EventLoop]
    );
}

#[test]
fn a_loop_that_was_parked_all_along_is_listed() {
    let mut quiet = snapshot(vec![event_loop(1)]);
    quiet.asleep = Some(vec![SleepingTask { first_argument: 9, ..asleep(&thread(3), 232, false) }]);
    let recording = recording(&quiet);
    let loops: Vec<_> = recording.event_loops.iter().map(|row| (row.thread.tid.0, row.turns)).collect();
    assert_eq!(loops, [(1, Some(100)), (3, Some(0))]);
}

#[test]
fn a_thread_goes_by_the_best_name_that_is_known_of_it_alone() {
    let mut snapshot = snapshot(vec![calling(thread(11), 1, 1_000), calling(thread(12), 1, 1_000)]);
    let stranger = ThreadKey { start_boottime_ns: 1, ..thread(12).slot.key };
    let long = "data-plane-kafka-network-thread-1\n";
    snapshot.thread_names = [(thread(11).slot.key, long.to_owned()), (stranger, "former".to_owned())].into();
    let recording = recording(&snapshot);
    let names = |row: &crate::model::ThreadRef| (row.tid.0, row.comm.clone(), row.name.clone());
    let rows: Vec<_> = recording.syscalls[0].threads.iter().map(|row| names(&row.thread)).collect();
    let expected = [(11, "work".to_owned(), long.to_owned()), (12, "work".to_owned(), "work".to_owned())];
    assert!(expected.iter().all(|row| rows.contains(row)), "{rows:?}");
}
