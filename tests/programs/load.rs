//! Two clients: one asks for a hot file all along, one for a cold file, piece by piece.

use std::{
    fs::{self, File},
    net::Ipv4Addr,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use tests::{
    agree::assert_agree,
    http::Client,
    os::{
        page_cache::{PAGE_BYTES, evict},
        schedule::{Schedstat, run_delay_of_process_ns},
    },
    recording::{Recording, Syscall},
    tracer::Tracer,
};

pub const HOT_CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
pub const COLD_CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Names of the files, by which a server knows their type without a look inside.
pub const HOT: &str = "hot.html";
pub const COLD: &str = "cold.html";

/// Requests for the cold file, each for a range that no other request reads ahead.
pub const COLD_REQUESTS: u64 = 120;
pub const STRIDE: u64 = 2 << 20;
pub const RANGE: u64 = 16 << 10;

/// Makes the two files.
pub fn files(directory: &Path) {
    fs::write(directory.join(HOT), vec![1; RANGE as usize]).expect("writing the hot file");
    fs::write(directory.join(COLD), vec![2; ((COLD_REQUESTS + 1) * STRIDE) as usize]).expect("writing the cold file");
    evict(&File::open(directory.join(COLD)).expect("the cold file")).expect("evicting the cold file");
}

/// Each request reads its own pages, all of them cold, and waits for them: once, and some once more for the rest or for
/// the file's extents. A thread that loses its CPU may find its pages read before it sleeps; that is rare.
pub fn assert_each_waited(sendfile: &Syscall) {
    assert_eq!(sendfile.cold_requested, Some(COLD_REQUESTS * RANGE / PAGE_BYTES));
    let rare = COLD_REQUESTS / 50;
    let waited = sendfile.disk_blocked;
    assert!((COLD_REQUESTS - rare..=COLD_REQUESTS * 5 / 4).contains(&waited), "{waited} disk-blocked calls");
}

/// What the clients say, and the scheduler.
pub struct Account {
    /// From the cold client's requests to its answers, ns.
    pub latency_ns: u64,
    /// How long of this the client, or a thread of the server, may have waited for a CPU, ns.
    pub run_delay_ns: u64,
}

impl Account {
    /// The disk waits are what the cold client waited for: all but the time for CPUs and a little for each request.
    pub fn assert_waited(&self, disk_wait_ns: u64) {
        assert!(disk_wait_ns <= self.latency_ns, "{disk_wait_ns} ns of disk waits in {} ns", self.latency_ns);
        let slack_ns = self.run_delay_ns + COLD_REQUESTS * 500_000;
        assert_agree("disk waits", disk_wait_ns, self.latency_ns, 0.05, slack_ns);
    }
}

/// Who asks.
#[derive(Clone, Copy)]
pub struct Load {
    /// Whether the hot client works all along.
    pub hot: bool,
    /// What the cold one asks for, one after the other.
    pub cold_requests: u64,
}

/// Lets the clients work until the cold one is done, while tracer watches the server.
pub fn watch(pid: u32, port: u16, arguments: &str, load: Load) -> (Recording, Account) {
    watch_by("sendfile", pid, port, arguments, load)
}

/// The same with another of tracer's commands.
pub fn watch_by(command: &str, pid: u32, port: u16, arguments: &str, load: Load) -> (Recording, Account) {
    warm_up(port);
    let tracer = Tracer::start(command, &format!("--pid {pid} {arguments}"));
    let stop = AtomicBool::new(false);
    let account = thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = Client::connect(HOT_CLIENT, port).expect("a connection");
            while load.hot && !stop.load(Ordering::Relaxed) {
                client.get(HOT, 0, RANGE).expect("the hot file");
            }
        });
        let account = ask(pid, port, load.cold_requests);
        if load.cold_requests == 0 {
            thread::sleep(Duration::from_millis(500));
        }
        stop.store(true, Ordering::Relaxed);
        account
    });
    (tracer.stop().recording, account)
}

/// Asks once for each file: the server's own program may have to be read in as well.
fn warm_up(port: u16) {
    let mut client = Client::connect(HOT_CLIENT, port).expect("a connection");
    client.get(HOT, 0, RANGE).expect("the hot file");
    client.get(COLD, COLD_REQUESTS * STRIDE, RANGE).expect("the cold file");
}

fn ask(pid: u32, port: u16, requests: u64) -> Account {
    let delay = Schedstat::of_this_thread().expect("the scheduler's account");
    let run_delay_ns = || delay.run_delay_ns().expect("a run delay") + run_delay_of_process_ns(pid).expect("a process");
    let mut client = Client::connect(COLD_CLIENT, port).expect("a connection");
    let (before_ns, begin) = (run_delay_ns(), Instant::now());
    for request in 0..requests {
        client.get(COLD, request * STRIDE, RANGE).expect("the cold file");
    }
    let latency_ns = u64::try_from(begin.elapsed().as_nanos()).expect("a time that fits");
    Account { latency_ns, run_delay_ns: run_delay_ns() - before_ns }
}
