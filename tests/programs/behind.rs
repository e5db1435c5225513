//! Who waited behind the disk-blocked calls of a real server, against the clients that did.

use std::{
    fs::{self, File},
    time::Duration,
};

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    http::Client,
    needs,
    nginx::Nginx,
    os::page_cache::evict,
    recording::Recording,
    requests::{Request, Requests},
    tracer::Tracer,
};

use crate::load::{COLD_CLIENT, STRIDE};

/// Requests for the cold file.
const COLD_REQUESTS: u64 = 40;
const COLD_BYTES: u64 = 16 << 10;
const HOT_BYTES: usize = 4 << 10;
/// One for each of the throttle's slices of a tenth of a second, so that no cold request finds one left over.
const READS_PER_SECOND: u32 = 10;
/// So some of the connections wait behind a cold request, and some do not.
const THINK: Duration = Duration::from_millis(100);

/// What tracer saw, and what the clients of the hot file did meanwhile.
fn watch(connections: usize) -> (Recording, Vec<Request>) {
    let disk = LoopDisk::mount();
    fs::write(disk.path().join("hot"), vec![1; HOT_BYTES]).expect("writing the hot file");
    fs::write(disk.path().join("cold"), vec![2; (COLD_REQUESTS * STRIDE) as usize]).expect("writing the cold file");
    evict(&File::open(disk.path().join("cold")).expect("the cold file")).expect("evicting the cold file");
    let nginx = Nginx::serving(disk.path(), "access_log off;");
    let limit = ThrottledDisk::of_process(nginx.worker(), disk.path(), READS_PER_SECOND);
    let requests = Requests::start(nginx.port(), connections, THINK, "hot", HOT_BYTES);
    let tracer = Tracer::of_process(nginx.worker());
    let mut cold = Client::connect(COLD_CLIENT, nginx.port()).expect("a connection");
    for request in 0..COLD_REQUESTS {
        cold.get("cold", request * STRIDE, COLD_BYTES).expect("the cold file");
    }
    let seen = tracer.stop().recording;
    drop(limit);
    (seen, requests.stop())
}

/// The requests that were sent before a disk-blocked call returned, and answered after it: summed over the calls, and the
/// most behind one.
fn waited_behind(seen: &Recording, requests: &[Request]) -> (u64, u64) {
    let opened_ns = u64::try_from(seen.window.start.as_nanosecond()).expect("a time of this century");
    let blocked = seen.slow_calls.iter().filter(|call| call.disk_ns > 0);
    let behind = blocked.map(|call| {
        let returned_ns = opened_ns + call.at_ns + call.latency_ns;
        let waited = requests.iter().filter(|one| one.sent_ns < returned_ns && one.answered_ns > returned_ns);
        waited.count() as u64
    });
    let behind: Vec<_> = behind.collect();
    (behind.iter().sum(), behind.into_iter().max().unwrap_or(0))
}

fn assert_behind(connections: usize) {
    let (seen, requests) = watch(connections);
    let [event_loop] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
    let calls = seen.slow_calls.iter().filter(|call| call.disk_ns > 0).count() as u64;
    assert_eq!(calls, seen.sendfile().disk_blocked, "each disk-blocked call has its record");
    let (truth, most) = waited_behind(&seen, &requests);
    let behind = event_loop.behind.expect("connections were counted");
    assert!(truth > calls, "only {truth} requests waited behind {calls} calls");
    let apart = behind.abs_diff(truth);
    assert!(apart * 20 <= truth, "{behind} connections behind {calls} calls, {truth} requests waited");
    let max = event_loop.behind_max.expect("the most behind one call");
    assert!(max.abs_diff(most) * 20 <= most, "{max} connections behind one call, {most} requests waited");
    let each: u64 = seen.slow_calls.iter().filter_map(|call| call.behind).sum();
    assert_eq!((each, event_loop.behind_capped), (behind, Some(0)));
}

#[test]
fn with_32_connections_it_is_those_that_waited() {
    let _machine = needs!(Root, Nginx, LoopDisk, DiskThrottle);
    assert_behind(32);
}

#[test]
fn with_128_connections_it_is_those_that_waited() {
    let _machine = needs!(Root, Nginx, LoopDisk, DiskThrottle);
    assert_behind(128);
}

#[test]
fn with_400_connections_it_is_those_that_waited() {
    let _machine = needs!(Root, Nginx, LoopDisk, DiskThrottle);
    assert_behind(400);
}
