//! Event loops that are held up by many things: those that wait for the disk are named, and no other.

use tests::{
    agree::repeatedly,
    disk::{LoopDisk, ThrottledDisk},
    needs,
    recording::{NamedThread, Recording},
    sysctl::Sysctl,
    truth::ThreadTruth,
    workload::Workload,
};

use crate::{assert_agree, disk_waits, sleeps, waits_in, watch_with};

const TURNS: u64 = 40;

/// A disk wait is a time at which the thread gave up its CPU, and lasts until it is awake again: by the program's
/// clock, less what it ran or was ready to. A real-time thread is hardly ever ready and does not run.
fn assert_waits(seen: &Recording, place: &str, truth: &ThreadTruth) {
    let row = waits_in(seen, truth.tid, place);
    assert_eq!(row.disk_waits, disk_waits(seen, truth.tid), "waits elsewhere");
    assert_agree(place, row.disk_waits, sleeps(truth), 0.05, 0);
    let slept_ns = truth.each.iter().map(|turn| turn.slept_ns()).sum();
    assert_agree(place, row.disk_wait_ns, slept_ns, 0.05, 1_000_000);
}

/// Sleeps for block I/O, by taskstats.
fn disk_sleeps(truth: &ThreadTruth) -> u64 {
    truth.each.iter().map(|turn| turn.disk_sleeps.expect("taskstats are on")).sum()
}

#[test]
fn loops_blocked_by_page_faults_and_syncing_are_told_from_those_that_sleep_wait_for_a_lock_or_starve() {
    repeatedly(|| {
        let _machine = needs!(Root, LoopDisk, DiskThrottle, DelayAccounting, RealTime);
        let _accounting = Sysctl::delay_accounting();
        let disk = LoopDisk::mount();
        let work = "page-fault,fsync,nanosleep,lock,starved";
        let workload = Workload::start_on(&disk, &format!("turns --turns {TURNS} --work {work}"));
        let limit = ThrottledDisk::of(&workload, 100);
        let (seen, truth) = watch_with("", workload);
        let reads = limit.reads();
        drop(limit);
        let [faults, syncs, idle @ ..] = truth.threads.as_slice() else { panic!("five threads") };
        let mut named = seen.verdict.threads.clone();
        named.sort_by_key(|thread| thread.tid);
        let mut blocked = [faults, syncs].map(|thread| NamedThread { tid: thread.tid, role: "event_loop".into() });
        blocked.sort_by_key(|thread| thread.tid);
        assert_eq!((seen.verdict.status.as_str(), named.as_slice()), ("blocked", blocked.as_slice()));
        assert_waits(&seen, "page_fault", faults);
        assert_waits(&seen, "fsync", syncs);
        // The pages that mincore did not find, the reads that the disk was sent, and the sleeps that taskstats know.
        let cold = faults.each.iter().filter(|turn| turn.cached_before == Some(false)).count() as u64;
        assert_eq!(cold, TURNS);
        assert_agree("reads", reads, TURNS, 0.05, 0);
        assert_eq!(disk_waits(&seen, faults.tid), disk_sleeps(faults));
        // They do not know the sleep that waits for the journal's commit, one in each turn.
        let commits = disk_waits(&seen, syncs.tid) - disk_sleeps(syncs);
        assert_agree("commits", commits, TURNS, 0.1, 0);
        for thread in idle {
            // Its turns took long, by the program's own clock (the one that starves computes for half of that), and none
            // waited for the disk.
            assert!(thread.each.iter().map(|turn| turn.latency_ns).sum::<u64>() >= TURNS * 2_000_000);
            assert_eq!(disk_waits(&seen, thread.tid), 0);
        }
        assert_eq!(seen.event_loops.len(), truth.threads.len(), "{:?}", seen.event_loops);
        for thread in &truth.threads {
            let row = seen.event_loops.iter().find(|row| row.tid == thread.tid).expect("each is an event loop");
            assert_eq!((row.turns, row.ready_events), (thread.calls, thread.bytes));
        }
    });
}
