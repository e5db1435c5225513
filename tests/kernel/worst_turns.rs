//! `tracer eventloop`: each loop's turns, and what its worst turn waited for, against the loops' own accounts.

use std::fs;

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    needs,
    recording::{EventLoop, Recording, WorstTurn},
    tracer::Tracer,
    truth::{ThreadTruth, Truth},
    workload::Workload,
};

use crate::assert_agree;

/// Turns of each loop.
pub const TURNS: u64 = 10;

/// What a probe and a clock may be apart: the way into the call and out of it.
const SLACK_NS: u64 = 200_000;

/// The worst turn's place among the loop's own turns.
fn place_of(worst: &WorstTurn, truth: &ThreadTruth) -> usize {
    let longest_ns = truth.turns.iter().map(|turn| turn.latency_ns).max().expect("turns");
    assert_agree("worst turn", worst.ns, longest_ns, 0.02, SLACK_NS);
    truth.turns.iter().position(|turn| turn.latency_ns == longest_ns).expect("it is one of them")
}

fn assert_loop(row: &EventLoop, truth: &ThreadTruth, call: &str) -> u64 {
    assert_eq!((row.turns, row.ready_events), (truth.calls, truth.bytes), "{call}");
    let busy_ns = truth.turns.iter().map(|turn| turn.latency_ns).sum();
    assert_agree(call, row.turn_latency.sum, busy_ns, 0.01, TURNS * SLACK_NS);
    let worst = row.worst_turn.as_ref().expect("it had turns");
    let place = place_of(worst, truth);
    let (turn, ends) = (&truth.turns[place], &truth.ends[place]);
    // One page after the other: the sleeps are nearly all of the turn, and none is longer than it.
    assert!(worst.disk_waits >= 25, "{call}: {worst:?}");
    assert!(
        worst.disk_wait_ns <= turn.disk_ns + SLACK_NS && worst.disk_wait_ns >= turn.disk_ns / 2,
        "{call}: {worst:?}"
    );
    let mean_ns = worst.disk_wait_ns / worst.disk_waits;
    assert!((mean_ns..=worst.disk_wait_ns).contains(&worst.disk_wait_max_ns), "{call}: {worst:?}");
    let waits = row.by_syscall.iter().find(|waits| waits.name == call).expect("its call is listed");
    assert!(waits.max_ns >= worst.disk_wait_max_ns && waits.disk_waits >= worst.disk_waits, "{call}: {waits:?}");
    assert_eq!(worst.syscall.as_deref(), Some(call));
    assert_eq!(worst.path.as_deref(), Some(ends.path.as_str()), "{call}");
    assert_eq!(worst.client, ends.client, "{call}");
    let device = worst.device_name.as_deref().expect("a device");
    assert!(device.starts_with("loop"), "{call}: {device}");
    if ["fsync", "page_fault"].contains(&call) {
        assert_eq!(worst.offset, None);
    } else {
        let offset = worst.offset.expect("a read begins somewhere");
        assert!(offset.is_multiple_of(4096) && offset < ends.offset + 30 * 4096, "{call}: {offset}");
    }
    worst.at_ns.abs_diff(turn.began_at_ns)
}

#[test]
fn the_worst_turn_of_each_loop_names_the_call_the_file_and_the_client_that_it_waited_for() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle, RealTime);
    let disk = LoopDisk::mount();
    let mut workload = Workload::start_on(&disk, &format!("worst --turns {TURNS}"));
    let limit = ThrottledDisk::of(&workload, 150);
    let tracer = Tracer::start("eventloop", &format!("--pid {}", workload.pid()));
    let truth = workload.run();
    let outcome = tracer.stop();
    drop(limit);
    assert_worst_turns(&outcome.recording, &truth);
    for text in ["worst at", "turns/s", "far-pread", "far-sendfile", "page faults", "127.0.0.1:"] {
        assert!(outcome.stdout.contains(text), "{text}:\n{}", outcome.stdout);
    }
}

/// What was seen of the workload `worst` is what its loops know.
pub fn assert_worst_turns(seen: &Recording, truth: &Truth) {
    seen.assert_nothing_lost();
    assert_eq!(seen.verdict.status, "blocked", "{:?}", seen.verdict);
    assert_eq!(seen.event_loops.len(), truth.threads.len(), "{:?}", seen.event_loops);
    let calls = ["pread64", "read", "sendfile", "fsync", "page_fault"];
    let mut openings = Vec::new();
    for (thread, call) in truth.threads.iter().zip(calls) {
        let row = seen.event_loops.iter().find(|row| row.tid == thread.tid).expect("each is an event loop");
        openings.push(assert_loop(row, thread, call));
    }
    // The window opened once: by each loop's own clock, all the worst turns say when.
    let (first, last) = (openings.iter().min().expect("loops"), openings.iter().max().expect("loops"));
    assert!(last - first <= SLACK_NS, "{openings:?}");
}

/// Files that each loop asks for by path.
const FILES: usize = 10;

#[test]
fn the_worst_turn_names_the_path_that_its_call_was_given() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    let calls = ["openat", "stat", "statx"];
    let disk = LoopDisk::mount_after(|root| {
        for directory in
            calls.iter().flat_map(|call| (0..FILES).map(move |number| root.join(format!("{call}/{number}"))))
        {
            fs::create_dir_all(&directory).expect("making a directory");
            fs::write(directory.join("file"), "x").expect("making a file");
        }
    });
    let arguments = format!("by-path --tree {} --files {FILES}", disk.path().display());
    let mut workload = Workload::start_on(&disk, &arguments);
    let limit = ThrottledDisk::of(&workload, 150);
    let tracer = Tracer::start("eventloop", &format!("--pid {}", workload.pid()));
    let truth = workload.run();
    let outcome = tracer.stop();
    drop(limit);
    let seen = outcome.recording;
    seen.assert_nothing_lost();
    for (thread, call) in truth.threads.iter().zip(calls) {
        let row = seen.event_loops.iter().find(|row| row.tid == thread.tid).expect("each is an event loop");
        let worst = row.worst_turn.as_ref().expect("it had turns");
        let longest = thread.turns.iter().max_by_key(|turn| turn.latency_ns).expect("turns");
        assert_agree("worst turn", worst.ns, longest.latency_ns, 0.02, SLACK_NS);
        assert_eq!(worst.syscall.as_deref(), Some(call));
        // As the program wrote it, and not as the kernel would.
        let path = worst.path.as_deref().expect("a path");
        assert!(thread.ends.iter().any(|ends| ends.path == path), "{path}: {:?}", thread.ends);
        assert_eq!((&worst.device_name, worst.offset, &worst.client), (&None, None, &None));
    }
    assert!(outcome.stdout.contains("/./statx/"), "{}", outcome.stdout);
}
