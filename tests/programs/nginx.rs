//! A real server: nginx with one worker, which sends a hot file to one client and a cold one to another.

use std::{
    fs::{self, File},
    net::Ipv4Addr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    needs,
    nginx::Nginx,
    os::page_cache::evict,
    recording::{NamedThread, Recording},
    tracer::Tracer,
};

const HOT_CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const COLD_CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Requests for the cold file, each for a range that no other request reads ahead.
const COLD_REQUESTS: u64 = 120;
const STRIDE: u64 = 2 << 20;
const RANGE: u64 = 16 << 10;

/// Lets the hot client work all along and the cold one until it is done.
fn watch(nginx: &Nginx, cold_requests: u64) -> Recording {
    let labels = tempfile::NamedTempFile::new().expect("a file of labels");
    fs::write(&labels, format!("{COLD_CLIENT}  lagging\n")).expect("writing the labels");
    let tracer = Tracer::sendfile(&format!("--pid {} --label-peers {}", nginx.worker(), labels.path().display()));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = nginx.client(HOT_CLIENT).expect("a connection");
            while !stop.load(Ordering::Relaxed) {
                client.get("hot", 0, RANGE).expect("the hot file");
            }
        });
        let mut client = nginx.client(COLD_CLIENT).expect("a connection");
        for request in 0..cold_requests {
            client.get("cold", request * STRIDE, RANGE).expect("the cold file");
        }
        if cold_requests == 0 {
            thread::sleep(std::time::Duration::from_millis(500));
        }
        stop.store(true, Ordering::Relaxed);
    });
    tracer.stop().recording
}

fn files(disk: &LoopDisk) {
    fs::write(disk.path().join("hot"), vec![1; RANGE as usize]).expect("writing the hot file");
    fs::write(disk.path().join("cold"), vec![2; (COLD_REQUESTS * STRIDE) as usize]).expect("writing the cold file");
    evict(&File::open(disk.path().join("cold")).expect("the cold file")).expect("evicting the cold file");
}

#[test]
fn its_worker_is_blocked_by_the_cold_file_for_the_client_that_asked_for_it() {
    let _machine = needs!(Root, Nginx, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    files(&disk);
    let nginx = Nginx::serving(disk.path(), "");
    let limit = ThrottledDisk::of_process(nginx.worker(), disk.path(), 60);
    let seen = watch(&nginx, COLD_REQUESTS);
    drop(limit);
    assert_eq!(seen.verdict.status, "blocked", "{:?}", seen.verdict);
    assert_eq!(seen.verdict.threads, [NamedThread { tid: nginx.worker(), role: "event_loop".into() }]);
    let sendfile = seen.sendfile();
    // Each request waits for its range; some, once more for the rest of it or for the file's extents.
    assert!((COLD_REQUESTS..=COLD_REQUESTS * 5 / 4).contains(&sendfile.disk_blocked), "{}", sendfile.disk_blocked);
    let cold = sendfile.files.iter().find(|file| file.name.ends_with("/cold")).expect("the cold file");
    assert_eq!(cold.name, nginx.root().join("cold").display().to_string());
    assert_eq!((cold.disk_blocked, cold.disk_wait_ns), (sendfile.disk_blocked, sendfile.time_ns.disk));
    let client = sendfile.clients.iter().find(|client| client.disk_blocked > 0).expect("the cold client");
    assert!(client.name.starts_with(&format!("{COLD_CLIENT}:")), "{}", client.name);
    assert_eq!((client.disk_blocked, client.label.as_deref()), (sendfile.disk_blocked, Some("lagging")));
    let reads: Vec<_> = seen.slow_calls.iter().filter(|call| call.disk_ns > 0).collect();
    assert!(reads.iter().all(|call| call.out == "socket" && call.offset.is_some_and(|at| at % STRIDE < RANGE)));
}

#[test]
fn its_worker_is_clear_as_long_as_the_file_is_in_memory() {
    let _machine = needs!(Root, Nginx, LoopDisk);
    let disk = LoopDisk::mount();
    files(&disk);
    let nginx = Nginx::serving(disk.path(), "");
    let seen = watch(&nginx, 0);
    assert_eq!(seen.verdict.status, "clear", "{:?}", seen.verdict);
    let sendfile = seen.sendfile();
    assert!(sendfile.calls > 100, "only {} calls", sendfile.calls);
    assert_eq!(sendfile.disk_blocked, 0);
}
