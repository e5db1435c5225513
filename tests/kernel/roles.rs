//! Who is an event loop, and which loops were blocked: judged from behaviour, for threads that know what they are.

use tests::{disk::LoopDisk, needs, os::rungs, recording::NamedThread, workload::Workload};

use crate::{assert_agree, role, watch_with};

#[test]
fn the_one_thread_that_takes_events_for_connections_is_the_event_loop() {
    let _machine = needs!(Root, LoopDisk);
    for mechanism in rungs::of_turns() {
        let disk = LoopDisk::mount();
        let workload = Workload::start_on(&disk, "loops --turns 60");
        let (seen, truth) = watch_with(&format!("--mechanism {mechanism}"), workload);
        let roles: Vec<_> = truth.threads.iter().map(|thread| role(&seen, thread.tid).expect("the thread")).collect();
        assert_eq!(roles, ["event_loop", "worker", "poller", "poller", "worker"]);
        // Its turns are exact, though it never slept for events.
        let thread = &truth.threads[0];
        let [event_loop] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
        assert_eq!((event_loop.tid, event_loop.watched), (thread.tid, Some(8)));
        assert_eq!((event_loop.turns, event_loop.ready_events), (thread.calls, thread.bytes));
        assert!((55..=66).contains(&event_loop.disk_waits), "{} disk waits in 60 cold reads", event_loop.disk_waits);
        // All five wait for the disk alike; the loop alone makes the verdict, without a sendfile.
        assert_eq!(seen.verdict.status, "blocked", "{:?}", seen.verdict);
        assert_eq!(seen.verdict.threads, [NamedThread { tid: thread.tid, role: "event_loop".into() }]);
        assert!(seen.verdict.summary.contains("in pread64"), "{}", seen.verdict.summary);
        assert!(seen.syscalls.iter().all(|syscall| syscall.calls == 0));
    }
}

#[test]
fn one_that_is_parked_on_the_epoll_instance_of_an_event_loop_takes_nothing_from_it() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let (seen, truth) = watch_with("", Workload::start_on(&disk, "beside --turns 60"));
    let [taker, _client, parked] = truth.threads.as_slice() else { panic!("three threads") };
    let [event_loop] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
    assert_eq!((event_loop.tid, event_loop.turns, event_loop.ready_events), (taker.tid, taker.calls, taker.bytes));
    assert_agree("disk waits", event_loop.disk_waits, taker.sleeps_in["pread64"], 0.05, 0);
    assert_agree("disk waits", event_loop.disk_waits, taker.calls, 0.1, 0);
    assert_eq!(seen.verdict.threads, [NamedThread { tid: taker.tid, role: "event_loop".into() }]);
    assert!(role(&seen, parked.tid).is_none_or(|role| role == "unknown"), "{:?}", role(&seen, parked.tid));
}

#[test]
fn one_that_waits_for_its_one_connection_is_a_worker_however_short_that_was() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    // Some 50 ms.
    let (seen, truth) = watch_with("", Workload::start_on(&disk, "loops --turns 20 --close"));
    let single = &truth.threads[1];
    assert_ne!(role(&seen, single.tid), Some("event_loop"));
    assert!(seen.verdict.threads.iter().all(|thread| thread.tid != single.tid), "{:?}", seen.verdict);
}
