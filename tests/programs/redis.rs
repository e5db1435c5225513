//! Redis with `appendfsync always`: its event loop waits for the journal before it answers.

use std::time::Instant;

use tests::{disk::LoopDisk, needs, recording::NamedThread, redis::Redis, tracer::Tracer};

const CHANGES: u64 = 300;

#[test]
fn its_event_loop_is_blocked_by_fdatasync_without_a_single_sendfile() {
    let _machine = needs!(Root, Redis, LoopDisk);
    let disk = LoopDisk::mount();
    let redis = Redis::that_syncs_always(disk.path());
    let mut client = redis.client();
    client.set("warm", "up").expect("an answer");
    let before = client.calls_of("set").expect("Redis' account");
    let tracer = Tracer::of_process(redis.pid());
    let begin = Instant::now();
    for change in 0..CHANGES {
        client.set(&format!("key-{change}"), &"x".repeat(200)).expect("an answer");
    }
    let took_ns = u64::try_from(begin.elapsed().as_nanos()).expect("a time that fits");
    let outcome = tracer.stop();
    let seen = outcome.recording;
    seen.assert_nothing_lost();
    // Each change was one of its own: one round of the event loop, one fdatasync.
    assert_eq!(client.calls_of("set").expect("Redis' account") - before, CHANGES);
    assert_eq!(seen.sendfile().calls, 0);
    assert_eq!(seen.verdict.status, "blocked", "{:?}", seen.verdict);
    assert_eq!(seen.verdict.threads, [NamedThread { tid: redis.pid(), role: "event_loop".into() }]);
    let thread = seen.threads.iter().find(|thread| thread.tid == redis.pid()).expect("its main thread");
    let syncs = thread.by_syscall.iter().find(|row| row.name == "fdatasync").expect("disk waits in fdatasync");
    assert!(syncs.disk_waits >= CHANGES * 9 / 10, "{} disk waits for {CHANGES} changes", syncs.disk_waits);
    assert!(syncs.disk_wait_ns <= took_ns, "{} ns of disk waits in {took_ns} ns", syncs.disk_wait_ns);
    assert!(syncs.disk_wait_ns * 10 >= thread.disk_wait_ns * 9, "{:?}", thread.by_syscall);
    assert!(outcome.stdout.contains("fdatasync"), "{}", outcome.stdout);
}
