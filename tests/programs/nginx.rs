//! A real server: nginx with one worker, which sends a hot file to one client and a cold one to another.

use std::fs;

use tests::{
    agree::assert_agree,
    disk::{LoopDisk, ThrottledDisk},
    needs,
    nginx::Nginx,
    recording::{NamedThread, Recording},
};

use crate::load::{self, Account, COLD, COLD_CLIENT, COLD_REQUESTS, Load, RANGE, STRIDE, assert_each_waited, files};

const NO_LOG: &str = "access_log off;";

fn watch(nginx: &Nginx, cold_requests: u64) -> (Recording, Account) {
    let labels = tempfile::NamedTempFile::new().expect("a file of labels");
    fs::write(&labels, format!("{COLD_CLIENT}  lagging\n")).expect("writing the labels");
    let arguments = format!("--label-peers {}", labels.path().display());
    load::watch(nginx.worker(), nginx.port(), &arguments, Load { hot: true, cold_requests })
}

#[test]
fn its_worker_is_blocked_by_the_cold_file_for_the_client_that_asked_for_it() {
    let _machine = needs!(Root, Nginx, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    files(disk.path());
    let nginx = Nginx::serving(disk.path(), NO_LOG);
    let limit = ThrottledDisk::of_process(nginx.worker(), disk.path(), 60);
    let (seen, account) = watch(&nginx, COLD_REQUESTS);
    drop(limit);
    assert_eq!(seen.verdict.status, "blocked", "{:?}", seen.verdict);
    assert_eq!(seen.verdict.threads, [NamedThread { tid: nginx.worker(), role: "event_loop".into() }]);
    let sendfile = seen.sendfile();
    assert_each_waited(sendfile);
    let cold = sendfile.files.iter().find(|file| file.name.ends_with(COLD)).expect("the cold file");
    assert_eq!(cold.name, nginx.root().join(COLD).display().to_string());
    assert_eq!((cold.disk_blocked, cold.disk_wait_ns), (sendfile.disk_blocked, sendfile.time_ns.disk));
    let client = sendfile.clients.iter().find(|client| client.disk_blocked > 0).expect("the cold client");
    assert!(client.name.starts_with(&format!("{COLD_CLIENT}:")), "{}", client.name);
    assert_eq!((client.disk_blocked, client.label.as_deref()), (sendfile.disk_blocked, Some("lagging")));
    account.assert_waited(sendfile.time_ns.disk);
    let reads: Vec<_> = seen.slow_calls.iter().filter(|call| call.disk_ns > 0).collect();
    assert!(reads.iter().all(|call| call.out == "socket" && call.offset.is_some_and(|at| at % STRIDE < RANGE)));
}

#[test]
fn the_worst_turn_of_its_worker_was_spent_on_the_cold_file() {
    let _machine = needs!(Root, Nginx, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    files(disk.path());
    let nginx = Nginx::serving(disk.path(), NO_LOG);
    let limit = ThrottledDisk::of_process(nginx.worker(), disk.path(), 60);
    let load = Load { hot: true, cold_requests: COLD_REQUESTS };
    let (seen, account) = load::watch_by("eventloop", nginx.worker(), nginx.port(), "", load);
    drop(limit);
    let [row] = seen.event_loops.as_slice() else { panic!("one worker: {:?}", seen.event_loops) };
    assert_eq!((row.tid, seen.verdict.status.as_str()), (nginx.worker(), "blocked"));
    account.assert_waited(row.disk_wait_ns);
    let in_sendfile = row.by_syscall.iter().find(|waits| waits.name == "sendfile").expect("it sends files");
    assert_agree("waits in sendfile", in_sendfile.disk_wait_ns, row.disk_wait_ns, 0.05, 0);
    let worst = row.worst_turn.as_ref().expect("it had turns");
    assert_eq!(worst.syscall.as_deref(), Some("sendfile"));
    assert_eq!(worst.path.as_deref(), Some(&*nginx.root().join(COLD).display().to_string()));
    assert!(worst.client.as_ref().is_some_and(|client| client.starts_with(&format!("{COLD_CLIENT}:"))), "{worst:?}");
    // The cold client reads from known places alone.
    assert!(worst.offset.is_some_and(|at| at % STRIDE < RANGE), "{worst:?}");
    assert!(row.turn_latency.max.is_some_and(|max_ns| worst.ns == max_ns), "{worst:?}");
}

#[test]
fn its_worker_is_clear_as_long_as_the_file_is_in_memory() {
    let _machine = needs!(Root, Nginx, LoopDisk);
    let disk = LoopDisk::mount();
    files(disk.path());
    let nginx = Nginx::serving(disk.path(), NO_LOG);
    let (seen, _) = watch(&nginx, 0);
    assert_eq!(seen.verdict.status, "clear", "{:?}", seen.verdict);
    let sendfile = seen.sendfile();
    assert!(sendfile.calls > 100, "only {} calls", sendfile.calls);
    assert_eq!(sendfile.disk_blocked, 0);
}

/// The log of requests for the cold file: how long each took, by nginx' own clock.
const COLD_LOG: &str = "map $uri $cold { default 0; ~cold 1; }
    log_format time $request_time; access_log logs/cold time buffer=256k if=$cold;";

#[test]
fn its_event_loop_is_clear_if_a_pool_of_threads_waits_for_the_disk() {
    let _machine = needs!(Root, Nginx, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    files(disk.path());
    let nginx = Nginx::serving(disk.path(), &format!("aio threads; {COLD_LOG}"));
    let limit = ThrottledDisk::of_process(nginx.worker(), disk.path(), 60);
    let (seen, account) = watch(&nginx, COLD_REQUESTS);
    drop(limit);
    assert_eq!(seen.verdict.status, "clear", "{:?}", seen.verdict);
    let [event_loop] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
    let own = seen.threads.iter().filter(|thread| thread.tid == nginx.worker()).collect::<Vec<_>>();
    assert_eq!((event_loop.tid, event_loop.disk_waits), (nginx.worker(), 0), "{own:?}");
    let sendfile = seen.sendfile();
    assert_each_waited(sendfile);
    let blocked: Vec<_> = seen.threads.iter().filter(|thread| thread.disk_waits > 0).collect();
    assert!(blocked.iter().all(|thread| thread.role == "worker" && thread.tid != nginx.worker()), "{blocked:?}");
    account.assert_waited(sendfile.time_ns.disk);
    let took = nginx.log("cold", COLD_REQUESTS as usize);
    let took_ns: f64 = took.iter().map(|seconds| seconds.parse::<f64>().expect("seconds") * 1e9).sum();
    // It counts whole milliseconds, and the threads of the pool have to get a CPU.
    let slack_ns = account.run_delay_ns + COLD_REQUESTS * 500_000;
    assert_agree("nginx' own times", sendfile.time_ns.disk, took_ns as u64, 0.05, slack_ns);
}
