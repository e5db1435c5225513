//! A server whose threads share one epoll instance: Go. While one of its threads is blocked, another one polls.

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    file_server::FileServer,
    needs,
    recording::ThreadWaits,
};

use crate::load::{COLD, COLD_REQUESTS, Load, files, watch};

#[test]
fn no_thread_of_a_go_server_is_an_event_loop_blocked_on_disk() {
    let _machine = needs!(Root, Go, LoopDisk, DiskThrottle);
    assert_no_event_loop(2, Load { hot: true, cold_requests: COLD_REQUESTS });
}

#[test]
fn nor_if_one_of_its_threads_at_a_time_works_for_one_client() {
    let _machine = needs!(Root, Go, LoopDisk, DiskThrottle);
    assert_no_event_loop(1, Load { hot: false, cold_requests: COLD_REQUESTS });
}

fn assert_no_event_loop(at_a_time: u32, load: Load) {
    let disk = LoopDisk::mount();
    files(disk.path());
    let server = FileServer::go(disk.path(), at_a_time);
    let limit = ThrottledDisk::of_process(server.pid(), disk.path(), 60);
    let (seen, account) = watch(server.pid(), server.port(), "", load);
    drop(limit);
    assert_eq!(seen.verdict.status, "clear", "{:?}", seen.verdict);
    assert!(seen.verdict.threads.is_empty() && seen.event_loops.is_empty(), "{:?}", seen.event_loops);
    // Each request reads the beginning of its range to see what it is, and sends the rest.
    let sum = |field: fn(&ThreadWaits) -> u64| seen.threads.iter().map(field).sum::<u64>();
    let waits = sum(|thread| thread.disk_waits);
    assert!((COLD_REQUESTS * 98 / 100..=COLD_REQUESTS * 5 / 2).contains(&waits), "{waits} disk waits");
    account.assert_waited(sum(|thread| thread.disk_wait_ns));
    let sendfile = seen.sendfile();
    let cold = sendfile.files.iter().find(|file| file.name.ends_with(COLD)).expect("the cold file");
    assert_eq!((cold.disk_blocked, cold.disk_wait_ns), (sendfile.disk_blocked, sendfile.time_ns.disk));
    for thread in seen.threads.iter().filter(|thread| thread.disk_waits > 0) {
        assert!(["poller", "worker"].contains(&thread.role.as_str()), "{thread:?}");
    }
}
