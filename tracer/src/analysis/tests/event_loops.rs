//! Turns, utilisation, sets that are not epoll instances, loops that are stuck.

use super::*;
use crate::{
    model::EventLoop,
    snapshot::{FileRef, IdleInstance},
};
use tracer_common::{
    culprit::OFFSET_UNKNOWN,
    turns::{self, TurnStats, TurnWait, Turns},
};

/// The only event loop of a recording.
fn only_loop(snapshot: &Snapshot) -> EventLoop {
    let loops = recording(snapshot).event_loops;
    let [only] = loops.as_slice() else { panic!("one event loop, not {loops:?}") };
    only.clone()
}

/// An event loop of three turns: 10 µs, 20 µs and 5 ms, of which the disk took 4.5 ms.
fn loop_with_turns() -> ThreadData {
    let mut data = event_loop(1);
    let mut stats = TurnStats::zeroed();
    for latency_ns in [10_000, 20_000] {
        stats.buckets[bucket_of(latency_ns)] += 1;
        stats.in_memory.add(latency_ns);
    }
    stats.buckets[bucket_of(5_000_000)] += 1;
    stats.on_disk.add(5_000_000);
    stats.without_disk.add(500_000);
    stats.moved[bucket_of(5_000_000)] -= 1;
    stats.moved[bucket_of(500_000)] += 1;
    stats.disk_ns = 4_500_000;
    data.slot.turns.busy_ns = 5_030_000;
    data.turns = Some(Box::new(stats));
    data.comm_now = Some("work".into());
    data.has_ended = false;
    data
}

#[test]
fn turns_without_their_disk_waits_are_those_that_had_some_and_the_rest() {
    let row = only_loop(&snapshot(vec![waiting(loop_with_turns(), 1, 4_500_000)]));
    let (all, without) = (row.turn_latency.unwrap(), row.turn_latency_without_disk.unwrap());
    assert_eq!((all.count(), all.sum_ns(), all.min_ns(), all.max_ns()), (3, 5_030_000, Some(10_000), Some(5_000_000)));
    assert_eq!(
        (without.count(), without.sum_ns(), without.min_ns(), without.max_ns()),
        (3, 530_000, Some(10_000), Some(500_000))
    );
}

#[test]
fn waiting_and_busy_together_are_the_window() {
    let with = |change: fn(&mut Turns), asleep_before: bool| {
        let mut data = loop_with_turns();
        data.slot.key.start_boottime_ns = SECOND_NS;
        data.slot.turns.waiting_ns = 900_000_000;
        data.slot.turns.first_ns = OPENED_NS + 10_000_000;
        change(&mut data.slot.turns);
        let sleeper = asleep(&data, i64::from(EPOLL_WAIT), false);
        let mut snapshot = snapshot(vec![data]);
        snapshot.asleep_before = asleep_before.then(|| vec![sleeper]);
        let row = only_loop(&snapshot);
        (row.waiting_ns.unwrap(), row.busy_ns.unwrap())
    };
    // Ten milliseconds passed before the first sign, and the last one is of when the window was nearly over.
    let in_turn: fn(&mut Turns) = |turns| turns.since_ns = OPENED_NS + SECOND_NS - 1_000_000;
    assert_eq!(with(in_turn, true), (910_000_000, 6_030_000));
    assert_eq!(with(in_turn, false), (900_000_000, 16_030_000));
    let asleep: fn(&mut Turns) = |turns| {
        turns.waiting_since_ns = OPENED_NS + SECOND_NS - 1_000_000;
        turns.first_was_sleep = 1;
    };
    assert_eq!(with(asleep, true), (901_000_000, 15_030_000));
}

#[test]
fn one_that_was_parked_all_along_waited_all_along() {
    let mut parked = snapshot(Vec::new());
    parked.asleep = Some(vec![asleep(&thread(3), i64::from(EPOLL_WAIT), false)]);
    let row = only_loop(&parked);
    assert_eq!((row.turns, row.waiting_ns, row.busy_ns), (Some(0), Some(SECOND_NS), Some(0)));
    assert_eq!((row.behind, row.turn_latency.unwrap().count()), (Some(0), 0));
}

#[test]
fn without_turns_nothing_is_said_of_them() {
    let mut blind = snapshot(vec![waiting(event_loop(1), 1, THRESHOLD_NS)]);
    blind.probes.iter_mut().filter(|probe| probe.name == Probe::READINESS).for_each(|probe| {
        probe.status = ProbeStatus::Off;
    });
    let row = only_loop(&blind);
    assert_eq!((row.turns, row.ready_events, row.waiting_ns, row.busy_ns), (None, None, None, None));
    assert!(row.turn_latency.is_none() && row.turn_latency_without_disk.is_none() && row.worst_turn.is_none());
    assert_eq!(status(&recording(&blind)), (Status::Blocked, vec![1]));
}

#[test]
fn who_polls_or_selects_over_several_sockets_or_waits_for_completions_is_an_event_loop() {
    let role = |number: u64, length: u64, watched: Option<Watched>| {
        let mut data = waiting(event_loop(1), 1, THRESHOLD_NS);
        let turns = &mut data.slot.turns;
        (turns.syscall_number, turns.set_more, turns.ready_events) = (number as u32, length, 0);
        let set = data.slot.ready_set().unwrap().identity();
        let mut snapshot = snapshot(vec![data]);
        snapshot.watched.extend(watched.map(|watched| (set, watched)));
        recording(&snapshot).threads[0].thread.role
    };
    let seen = |sockets, listens| Some(Watched { descriptors: 3, sockets, listens });
    assert_eq!(role(readiness::POLL, 3, seen(2, false)), Role::EventLoop);
    assert_eq!(role(readiness::PPOLL, 1, seen(1, true)), Role::EventLoop);
    assert_eq!(role(readiness::POLL, 3, seen(1, false)), Role::Worker);
    assert_eq!(role(readiness::POLL, 1, None), Role::Worker);
    assert_eq!(role(readiness::PSELECT6, 9, seen(2, false)), Role::EventLoop);
    assert_eq!(role(readiness::SELECT, 9, None), Role::Worker);
    assert_eq!(role(readiness::IO_URING_ENTER, 0, None), Role::EventLoop);
}

#[test]
fn behind_is_known_for_traced_calls_on_epoll_instances() {
    let behind = |blocked_calls, counts_behind| {
        let mut data = waiting(event_loop(1), 2, THRESHOLD_NS);
        data.calls[0].as_mut().unwrap().disk_blocked = blocked_calls;
        (data.slot.behind.connections, data.slot.behind.max) = (30, 20);
        let row = only_loop(&Snapshot { counts_behind, ..snapshot(vec![data]) });
        (row.behind, row.behind_max, row.behind_capped)
    };
    assert_eq!(behind(2, true), (Some(30), Some(20), Some(0)));
    // Its disk waits were all in other calls: nobody looked.
    assert_eq!(behind(0, true), (None, None, None));
    assert_eq!(behind(2, false), (None, None, None));
}

/// A thread asleep on disk in `syscall_number` from before the window until after it.
fn stuck(tid: u32, syscall_number: i64, first_argument: u64, sockets: u64) -> Snapshot {
    let mut data = waiting(thread(tid), 0, 0);
    data.slot.off_cpu.since_ns = OPENED_NS;
    data.slot.off_cpu.reason = OffCpuReason::Disk as u32;
    let sleeper = SleepingTask { first_argument, ..asleep(&data, syscall_number, true) };
    let mut snapshot = snapshot(vec![data]);
    snapshot.asleep_before = Some(vec![sleeper]);
    snapshot.asleep = Some(vec![sleeper]);
    snapshot.idle_instances = vec![IdleInstance {
        pid: 10,
        watched: Watched { descriptors: 4, sockets, listens: false },
        descriptors: vec![5, 6, 7],
    }];
    snapshot
}

/// The same beside another thread that sleeps all along.
fn stuck_beside(mut snapshot: Snapshot, syscall_number: i64, for_disk: bool) -> Snapshot {
    let other = asleep(&thread(9), syscall_number, for_disk);
    snapshot.asleep_before.as_mut().unwrap().push(other);
    snapshot.asleep.as_mut().unwrap().push(other);
    snapshot
}

#[test]
fn a_loop_that_is_stuck_throughout_is_known_by_the_instance_that_nobody_uses() {
    const FUTEX: i64 = 202;
    const READ: i64 = 0;
    let blocked = (Status::Blocked, vec![1]);
    assert_eq!(status(&recording(&stuck(1, 17, 3, 3))), blocked);
    assert_eq!(status(&recording(&stuck_beside(stuck(1, 17, 3, 3), READ, false))), blocked);
    // It sends to a connection of the instance: so it is nobody else.
    assert_eq!(status(&recording(&stuck_beside(stuck(1, 40, 6, 3), FUTEX, false))), blocked);
    // The loop may be the other one, which waits for this one.
    let unsure = recording(&stuck_beside(stuck(1, 17, 6, 3), FUTEX, false));
    assert_eq!(status(&unsure).0, Status::Inconclusive);
    assert!(unsure.verdict.reasons.iter().any(|reason| reason.contains("throughout")), "{:?}", unsure.verdict.reasons);
    assert_eq!(status(&recording(&stuck_beside(stuck(1, 40, 9, 3), READ, true))).0, Status::Inconclusive);
    assert_eq!(status(&recording(&stuck(1, 17, 3, 1))).0, Status::Inconclusive);
}

#[test]
fn where_a_process_cannot_be_looked_into_nothing_is_called_clear_that_may_be_a_stuck_loop() {
    // A loop that is well, beside a thread that waited for the disk all along: whose epoll instance was not to be seen.
    let mut both = snapshot(vec![event_loop(2)]);
    let set = both.threads[0].slot.ready_set().unwrap().identity();
    both.watched.insert(set, Watched { descriptors: 3, sockets: 3, listens: false });
    let stuck = stuck(1, 17, 3, 0);
    both.threads.extend(stuck.threads);
    (both.asleep_before, both.asleep) = (stuck.asleep_before, stuck.asleep);
    assert_eq!(status(&recording(&both)).0, Status::Clear);
    let watched = |snapshot: &Snapshot| only_loop(snapshot).watched;
    assert_eq!(watched(&both), Some(3));
    both.hidden = [10].into();
    let unsure = recording(&both);
    assert_eq!(status(&unsure).0, Status::Inconclusive, "{:?}", unsure.verdict);
    assert_eq!(watched(&both), None);
}

#[test]
fn who_takes_events_from_what_nobody_could_look_at_is_called_neither_loop_nor_clear() {
    let (seen, mut unseen) = (event_loop(2), event_loop(3));
    unseen.slot.turns.set += 1;
    let set = seen.slot.ready_set().unwrap().identity();
    let mut both = snapshot(vec![seen, unseen]);
    both.watched = [(set, Watched { descriptors: 3, sockets: 3, listens: false })].into();
    assert_eq!((status(&recording(&both)).0, recording(&both).event_loops.len()), (Status::Clear, 2));
    both.hidden = [10].into();
    let unsure = recording(&both);
    assert_eq!((unsure.verdict.status, unsure.event_loops.len()), (Status::Inconclusive, 1));
    assert!(unsure.verdict.reasons[0].contains("thread 3 of process 10"), "{:?}", unsure.verdict.reasons);
}

#[test]
fn the_worst_turn_names_what_its_longest_disk_wait_was_for() {
    const PREAD64: i32 = 17;
    let mut data = loop_with_turns();
    let stats = data.turns.as_mut().unwrap();
    let longest = TurnWait { wait_ns: 4_000_000, inode: 7, offset_bytes: 8192, device: 0, number: PREAD64 };
    stats.worst =
        turns::WorstTurn { since_ns: OPENED_NS + 10, latency_ns: 5_000_000, disk_waits: 2, longest, ..stats.worst };
    data.worst_file =
        Some(FileRef { path: Some("/srv/cold".into()), device: (254, 0), device_name: Some("vda".into()), inode: 7 });
    let of = |data: ThreadData| {
        recording(&snapshot(vec![data])).event_loops[0].worst_turn.clone().and_then(|turn| turn.longest_wait)
    };
    let wait = of(data.clone()).unwrap();
    assert_eq!((wait.syscall.as_str(), wait.path.as_deref(), wait.offset), ("pread64", Some("/srv/cold"), Some(8192)));
    assert_eq!((wait.device.as_deref(), wait.device_name.as_deref()), (Some("254:0"), Some("vda")));
    assert_eq!((wait.disk_wait_max_ns, wait.client, wait.out), (4_000_000, None, None));
    // Of a page fault no file is known.
    data.worst_file = None;
    let worst = &mut data.turns.as_mut().unwrap().worst;
    worst.longest = TurnWait { inode: 0, offset_bytes: OFFSET_UNKNOWN, number: -1, ..worst.longest };
    let wait = of(data.clone()).unwrap();
    assert_eq!((wait.syscall.as_str(), wait.path, wait.offset, wait.device), ("page_fault", None, None, None));
    data.turns.as_mut().unwrap().worst.disk_waits = 0;
    assert_eq!(of(data), None);
}
