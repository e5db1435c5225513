//! Turns of event loops, by each means to wait for readiness, against the loops' own clocks.

use tests::{
    agree::repeatedly,
    disk::LoopDisk,
    needs,
    os::rungs,
    recording::EventLoop,
    tracer::Tracer,
    truth::{ThreadTruth, TurnTruth},
    workload::Workload,
};

use crate::{assert_agree, watch_with};

const TURNS: u64 = 400;

/// What a probe and a clock may be apart for each turn: the way into the call and out of it.
const SLACK_NS: u64 = 20_000;

/// A turn ends where the thread falls asleep. With a ring, the way there in the same call submits a request for each
/// connection.
const RING_SLACK_NS: u64 = 60_000;

fn assert_turns(seen: &EventLoop, truth: &ThreadTruth, means: &str) {
    let turns: Vec<_> = truth.turns.iter().collect();
    // Each wait returned; each but the last began a turn that another wait ended.
    assert_eq!((seen.turns, truth.calls), (TURNS + 1, TURNS + 1), "{means}");
    assert_eq!(seen.turn_latency.count, TURNS, "{means}");
    let sum = |of: fn(&TurnTruth) -> u64| turns.iter().map(|turn| of(turn)).sum::<u64>();
    let slack_ns = TURNS * if means.contains("ring") { RING_SLACK_NS } else { SLACK_NS };
    assert_agree(means, seen.turn_latency.sum, sum(|turn| turn.latency_ns), 0.01, slack_ns);
    assert_agree(means, seen.waiting_ns, truth.waiting_ns, 0.05, slack_ns);
    let longest = turns.iter().map(|turn| turn.latency_ns).max().expect("turns");
    assert_agree(means, seen.turn_latency.max.expect("turns"), longest, 0.05, 10 * SLACK_NS);
    // The disk part of a read is its sleep: it cannot be more than the read took.
    let disk_ns = seen.turn_latency.sum - seen.turn_latency_without_disk.sum;
    assert_eq!(disk_ns, seen.disk_wait_ns, "{means}");
    assert!(disk_ns <= sum(|turn| turn.disk_ns), "{means}");
    assert_eq!(seen.turn_latency_without_disk.count, TURNS, "{means}");
}

#[test]
fn turns_and_waits_are_those_of_the_loops_own_clock() {
    repeatedly(|| {
        let _machine = needs!(Root, LoopDisk, RealTime);
        for mechanism in rungs::of_turns() {
            let disk = LoopDisk::mount();
            let workload = Workload::start_on(&disk, &format!("readiness --turns {TURNS}"));
            let (seen, truth) = watch_with(&format!("--mechanism {mechanism}"), workload);
            assert_eq!(seen.event_loops.len(), truth.threads.len(), "{:?}", seen.event_loops);
            let means =
                ["epoll_wait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6", "io_uring", "ring 1", "ring 2"];
            for (thread, means) in truth.threads.iter().zip(means) {
                let row = seen.event_loops.iter().find(|row| row.tid == thread.tid).expect("each is an event loop");
                assert_turns(row, thread, means);
                // It existed before the window, and has not ended since.
                assert_agree(means, row.waiting_ns + row.busy_ns, seen.window.duration_ns, 0.001, 100_000);
            }
        }
    });
}

#[test]
fn without_hooks_on_turns_loops_are_known_by_where_they_sleep() {
    repeatedly(|| {
        let _machine = needs!(Root, LoopDisk, RealTime);
        let disk = LoopDisk::mount();
        let mut workload = Workload::start_on(&disk, &format!("readiness --turns {TURNS}"));
        let tracer = Tracer::sendfile(&format!("--pid {} --no-turns", workload.pid()));
        let truth = workload.run();
        let seen = tracer.stop().recording;
        let probe = seen.probes.iter().find(|probe| probe.name == "readiness").expect("it is listed");
        assert_eq!(probe.status, "off");
        let mut loops: Vec<_> = seen.threads.iter().filter(|row| row.role == "event_loop").map(|row| row.tid).collect();
        loops.sort_unstable();
        let mut tids: Vec<_> = truth.threads.iter().map(|thread| thread.tid).collect();
        tids.sort_unstable();
        assert_eq!(loops, tids);
        assert_eq!(seen.verdict.status, "blocked", "{:?}", seen.verdict);
    });
}

/// Waits in a row on another instance before it is taken to be the loop's own.
const SETTLES_AFTER: u64 = 16;

#[test]
fn a_loop_that_moves_to_another_instance_is_one_loop_and_goes_on_there() {
    let _machine = needs!(Root);
    let (before, after) = (40, 60);
    let (seen, truth) = watch_with("", Workload::start(&format!("moves --before {before} --after {after}")));
    let [thread] = truth.threads.as_slice() else { panic!("one thread") };
    let [row] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
    assert_eq!((row.tid, thread.calls), (thread.tid, before + after));
    // Until it has settled, a wait on another instance may be one inside a turn: as a resolver makes them.
    assert_eq!(row.turns, before + after - SETTLES_AFTER);
    let events = |waits: u64| thread.bytes * waits * 12 / (8 * before + 12 * after);
    assert_eq!(thread.bytes, 8 * before + 12 * after);
    assert_eq!(row.ready_events, thread.bytes - events(SETTLES_AFTER));
    // All the time between belongs to the one turn: it was no waiting.
    assert!(row.turn_latency.max.expect("turns") >= SETTLES_AFTER * 2_000_000, "{row:?}");
    assert_eq!(row.turn_latency.count, row.turns - 1);
}
