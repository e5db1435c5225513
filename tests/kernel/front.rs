//! An event loop in front of a pool of threads, which alone wait for the disk.

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    needs,
    workload::Workload,
};

use crate::{assert_agree, disk_waits, role, sleeps, watch_with};

#[test]
fn an_event_loop_that_hands_its_requests_over_is_clear_and_its_pool_waits_for_the_disk() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    let workload = Workload::start_on(&disk, "front --workers 3 --clients 6 --requests 40");
    let limit = ThrottledDisk::of(&workload, 200);
    let (seen, truth) = watch_with("", workload);
    let reads = limit.reads();
    drop(limit);
    let [front, pool @ ..] = truth.threads.as_slice() else { panic!("no threads") };
    assert_eq!(seen.verdict.status, "clear", "{:?}", seen.verdict);
    let [event_loop] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
    assert_eq!((event_loop.tid, event_loop.watched), (front.tid, Some(6)));
    assert_eq!((event_loop.turns, event_loop.ready_events), (front.calls, front.bytes));
    assert_eq!(event_loop.disk_waits, 0);
    let sendfile = seen.sendfile();
    assert_eq!((sendfile.calls, sendfile.bytes), (240, 240 * 4096));
    for thread in pool {
        assert_eq!(role(&seen, thread.tid), Some("worker"));
        let row = sendfile.thread(thread.tid);
        assert_eq!((row.calls, row.bytes), (thread.calls, thread.bytes));
        let cold = thread.each.iter().filter(|call| call.cached_before == Some(false)).count() as u64;
        assert_eq!(cold, thread.calls);
        assert_agree("disk-blocked calls", row.disk_blocked, cold, 0.05, 0);
        assert_agree("disk waits", row.disk_waits, sleeps(thread), 0.05, 0);
        assert_eq!(row.disk_waits, disk_waits(&seen, thread.tid), "waits elsewhere");
    }
    assert_agree("reads", reads, sendfile.disk_waits, 0.05, 0);
}
