//! Consumers of records that are no longer in memory, beside producers of new ones.

use std::{
    collections::BTreeSet,
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::fs::sendfile;
use tests::{
    disk::{LoopDisk, ThrottledDisk},
    kafka::{Batch, Broker, Client, Cluster, Listener, Producers},
    needs,
    os::page_cache::PageCache,
    recording::Culprit,
    sysctl::Sysctl,
    wait::until,
};

use crate::kafka::witnesses::{Seen, Threads, assert_near};

const PRODUCERS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// One for each partition of the cold topic.
const CONSUMERS: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 3), Ipv4Addr::new(127, 0, 0, 4)];

/// Two for each network thread.
const CONNECTIONS: usize = 6;

/// The cold topic: bytes in a segment's file, in a batch, and in a fetch.
const SEGMENT: usize = 8 << 20;
const BATCH: usize = 255 << 10;
const FETCH: i32 = 1 << 20; // four batches

/// What the kernel reads ahead, and how often the broker may read.
const READ_AHEAD_KIB: u32 = 128;
const READS_PER_SECOND: u32 = 100;

/// A broker with a hot topic under a steady load, and a cold one that the disk gives slowly.
struct Scene {
    // In the order of their end.
    _limit: ThrottledDisk,
    producers: Producers,
    threads: Threads,
    cluster: Cluster,
    _disk: LoopDisk,
    _accounting: Sysctl,
}

impl Scene {
    /// With so many bytes in each partition of the cold topic, and so many producers.
    fn set(listener: Listener, cold_bytes: usize, producers: usize) -> Self {
        // Before the broker: threads that exist already stay without an account.
        let accounting = Sysctl::delay_accounting();
        let disk = LoopDisk::mount().reading_ahead(READ_AHEAD_KIB);
        let cluster = Cluster::start(disk.path(), 1, listener);
        let broker = cluster.broker(0);
        cluster.create_topic("hot", &[&[0]], &[]);
        cluster.create_topic("cold", &[&[0], &[0]], &[("segment.bytes", &SEGMENT.to_string())]);
        let mut client = broker.client(Ipv4Addr::LOCALHOST).expect("a connection");
        let batch = Batch::of_one_record(BATCH);
        for number in 0..CONSUMERS.len() * cold_bytes / BATCH {
            client.produce("cold", (number % CONSUMERS.len()) as i32, &batch, 1).expect("filling the cold topic");
        }
        let threads = Threads::of(broker);
        let producers = Producers::start(broker, PRODUCERS, producers, "hot", 0, 1);
        let limit = ThrottledDisk::of_process(broker.pid(), disk.path(), READS_PER_SECOND);
        let this = Self { _limit: limit, producers, threads, cluster, _disk: disk, _accounting: accounting };
        // The JVM loads the code for all of it now.
        this.consume_hot(Duration::from_secs(1));
        this
    }

    fn broker(&self) -> &Broker {
        self.cluster.broker(0)
    }

    fn evict(&self) {
        (0..CONSUMERS.len()).for_each(|partition| self.broker().evict("cold", partition as i32));
    }

    /// Reads what the producers write.
    fn consume_hot(&self, time: Duration) {
        let mut client = self.broker().client(CONSUMERS[0]).expect("a connection");
        let end = Instant::now() + time;
        let mut offset = 0;
        while Instant::now() < end {
            offset = client.fetch("hot", 0, offset, FETCH).expect("the hot topic").next_offset;
        }
    }

    /// Lets each consumer read its partition from the start, so many bytes at least.
    fn consume_cold(&self, bytes: u64, may_read: impl Fn(usize, u64) + Sync) -> Vec<Consumed> {
        // Both connections before any work, so that the broker hands them to different threads.
        let clients: Vec<_> = CONSUMERS.iter().map(|host| self.broker().client(*host).expect("a connection")).collect();
        let may_read = &may_read;
        thread::scope(|scope| {
            let consume = |(partition, client)| scope.spawn(move || consume(client, partition, bytes, may_read));
            let threads: Vec<_> = clients.into_iter().enumerate().map(consume).collect();
            threads.into_iter().map(|thread| thread.join().expect("a consumer")).collect()
        })
    }

    /// The same while another process, this one, reads ahead of them and is not slowed down.
    fn consume_behind_a_reader(&self, bytes: u64) -> Vec<Consumed> {
        let read = [const { AtomicU64::new(0) }; CONSUMERS.len()];
        thread::scope(|scope| {
            for (partition, read) in read.iter().enumerate() {
                let segments = self.broker().segments_of("cold", partition as i32);
                scope.spawn(move || read_to_null(&segments, read));
            }
            self.consume_cold(bytes, |partition, offset| {
                // A fetch, and what the kernel reads ahead for it.
                let ahead = || (read[partition].load(Ordering::Relaxed) >= offset + 4 * FETCH as u64).then_some(());
                until(Duration::from_secs(30), ahead).expect("the reader gets ahead");
            })
        })
    }

    /// Pages of the cold topic that are in memory.
    fn cached(&self) -> u64 {
        let segments = (0..CONSUMERS.len()).flat_map(|partition| self.broker().segments_of("cold", partition as i32));
        segments.map(|segment| cached(&segment)).sum()
    }
}

/// What a consumer did.
struct Consumed {
    /// `None` if another process encrypts for it.
    address: Option<SocketAddr>,
    /// Behind the last record.
    offset: i64,
}

fn consume(mut client: Client, partition: usize, bytes: u64, may_read: impl Fn(usize, u64)) -> Consumed {
    let address = client.address();
    let (mut offset, mut fetched) = (0, 0);
    while fetched < bytes {
        may_read(partition, fetched);
        let answer = client.fetch("cold", partition as i32, offset, FETCH).expect("the cold topic");
        (offset, fetched) = (answer.next_offset, fetched + answer.bytes);
    }
    Consumed { address, offset }
}

fn read_to_null(files: &[PathBuf], read: &AtomicU64) {
    let null = File::options().write(true).open("/dev/null").expect("/dev/null");
    for file in files {
        let file = File::open(file).expect("a segment");
        loop {
            let sent = sendfile(&null, &file, None, 1 << 20).expect("reading ahead");
            read.fetch_add(sent as u64, Ordering::Relaxed);
            if sent == 0 {
                break;
            }
        }
    }
    // Nothing is left to wait for.
    read.store(u64::MAX, Ordering::Relaxed);
}

fn cached(segment: &Path) -> u64 {
    let file = File::open(segment).expect("a segment");
    if file.metadata().expect("its length").len() == 0 {
        return 0;
    }
    let pages = PageCache::of(&file).and_then(|cache| cache.settled(Duration::from_millis(20)));
    pages.expect("mincore").into_iter().filter(|cached| *cached).count() as u64
}

/// Only the consumers' segments are named, and all that they went through but the last, of which little may have
/// been left to read; only the consumers are named, each with its own partition.
fn assert_culprits(seen: &Seen, scene: &Scene, consumed: &[Consumed]) {
    let sendfile = seen.recording.sendfile();
    let blocked =
        |rows: &[Culprit]| rows.iter().filter(|row| row.disk_blocked > 0).map(|row| row.name.clone()).collect();
    let files: BTreeSet<String> = blocked(&sendfile.files);
    let clients: BTreeSet<String> = blocked(&sendfile.clients);
    let mut surely = BTreeSet::new();
    let mut perhaps = BTreeSet::new();
    for (partition, consumed) in consumed.iter().enumerate() {
        let segments = scene.broker().segments_of("cold", partition as i32);
        let read: Vec<_> = segments.into_iter().filter(|segment| base_offset(segment) < consumed.offset).collect();
        assert!(read.len() > 2, "the consumer went through {} segments", read.len());
        let read: Vec<_> = read.into_iter().map(|segment| segment.display().to_string()).collect();
        surely.extend(read[..read.len() - 1].iter().cloned());
        perhaps.extend(read);
    }
    assert!(surely.is_subset(&files) && files.is_subset(&perhaps), "{files:?} of {perhaps:?}");
    let address = |consumed: &Consumed| consumed.address.expect("a plain connection").to_string();
    assert_eq!(clients, consumed.iter().map(address).collect());
    for call in seen.recording.slow_calls.iter().filter(|call| call.disk_ns > 0) {
        let whose = |consumed: &Consumed| call.client == consumed.address.map(|address| address.to_string());
        let partition = consumed.iter().position(whose).expect("a consumer") as i32;
        let path = PathBuf::from(call.path.as_deref().expect("a path"));
        assert_eq!(path.parent(), Some(&*scene.broker().directory_of("cold", partition)), "{call:?}");
    }
}

/// A segment's name is the offset of its first record.
fn base_offset(segment: &Path) -> i64 {
    segment.file_stem().and_then(|stem| stem.to_str()?.parse().ok()).expect("a segment's name")
}

/// Event loops and workers are told apart, and all were counted right.
fn assert_threads(seen: &Seen, threads: &Threads) {
    let (network, handlers) = (threads.network(), threads.request_handlers());
    assert_eq!((network.len(), handlers.is_empty()), (3, false));
    assert!(network.iter().all(|tid| seen.row(*tid).is_some_and(|row| row.role == "event_loop")));
    assert!(handlers.iter().all(|tid| seen.row(*tid).is_none_or(|row| row.role == "worker")));
    seen.assert_counts(&network);
    seen.assert_counts(&handlers);
}

#[test]
fn consumers_of_a_cold_topic_block_their_network_threads_until_somebody_reads_ahead_of_them() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle, DelayAccounting, RealTime, Bpftrace, Kafka, Java);
    let (bytes, scene) = (20 << 20, Scene::set(Listener::Plain, 24 << 20, CONNECTIONS));
    let network = scene.threads.network();

    let (hot, ()) = scene.threads.watch(|| scene.consume_hot(Duration::from_secs(2)));
    hot.assert_blocked(&[]);
    assert_threads(&hot, &scene.threads);
    assert!(hot.recording.sendfile().calls > 50, "{} calls", hot.recording.sendfile().calls);

    scene.evict();
    let cached = scene.cached();
    let _ = scene.producers.take_latencies();
    let (cold, consumed) = scene.threads.watch(|| scene.consume_cold(bytes, |_, _| {}));
    let blocked = cold.blocked_among(&network);
    assert_eq!(blocked.len(), 2, "each consumer has its own thread");
    cold.assert_blocked(&blocked);
    assert_threads(&cold, &scene.threads);
    assert_culprits(&cold, &scene, &consumed);
    // Each blocked thread has producers: one of them had asked, or asked soon, and was answered after the wait.
    let waits = blocked.iter().filter_map(|tid| cold.row(*tid)).flat_map(|row| &row.by_syscall);
    let longest = waits.map(|call| Duration::from_nanos(call.max_ns)).max().expect("a wait");
    let latencies = scene.producers.take_latencies();
    let worst = *latencies.last().expect("records");
    assert!(worst + Producers::PERIOD >= longest, "a record took {worst:?} at most, a wait {longest:?}");
    let sendfile = cold.recording.sendfile();
    let read = sendfile.cold_requested.zip(sendfile.read_ahead).expect("pages are counted");
    // The request handlers look at the first records of a fetch.
    assert_near(read.0 + read.1, scene.cached() - cached, "mincore");

    scene.evict();
    let (warmed, ()) = scene.threads.watch(|| {
        let _ = scene.consume_behind_a_reader(bytes);
        // It takes no time from memory; the producers go on.
        thread::sleep(Duration::from_secs(2));
    });
    warmed.assert_blocked(&[]);
    assert_threads(&warmed, &scene.threads);
    assert!(warmed.recording.sendfile().bytes >= 2 * bytes);
    let (before, after) = (cold.disk_waits(&network), warmed.disk_waits(&network));
    assert!(after * 10 <= before, "{after} disk waits, {before} without the reader");
    assert!(scene.producers.all_work());
}

#[test]
fn with_encryption_the_same_threads_are_blocked_in_pread64() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle, DelayAccounting, RealTime, Bpftrace, Kafka, Java, Openssl);
    let scene = Scene::set(Listener::Encrypted, 12 << 20, CONNECTIONS);
    let network = scene.threads.network();
    scene.evict();
    let (cold, _) = scene.threads.watch(|| scene.consume_cold(8 << 20, |_, _| {}));
    let blocked = cold.blocked_among(&network);
    assert_eq!(blocked.len(), 2, "each consumer has its own thread");
    cold.assert_blocked(&blocked);
    assert_threads(&cold, &scene.threads);
    assert_eq!(cold.recording.sendfile().calls, 0);
    assert!(cold.recording.verdict.summary.contains("in pread64"), "{}", cold.recording.verdict.summary);
    for tid in blocked {
        let row = cold.row(tid).expect("its row");
        let [call] = row.by_syscall.as_slice() else { panic!("{row:?}") };
        assert_eq!((call.name.as_str(), call.disk_waits), ("pread64", row.disk_waits));
    }
    assert!(scene.producers.all_work());
}

#[test]
fn consumers_that_wait_for_records_are_connections_too() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle, DelayAccounting, RealTime, Bpftrace, Kafka, Java);
    let scene = Scene::set(Listener::Plain, 24 << 20, 0);
    let network = scene.threads.network();
    scene.evict();
    let stop = AtomicBool::new(false);
    let (stop, scene) = (&stop, &scene);
    let cold = thread::scope(|scope| {
        // Two for each network thread. Kafka watches no connection whose request it has not answered.
        for _ in 0..CONNECTIONS {
            let mut client = scene.broker().client(PRODUCERS).expect("a connection");
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let _ = client.fetch("hot", 0, 0, FETCH).expect("the empty topic");
                }
            });
        }
        // Also if it panics, the consumers end.
        let seen = catch_unwind(AssertUnwindSafe(|| scene.threads.watch(|| scene.consume_cold(20 << 20, |_, _| {}))));
        stop.store(true, Ordering::Relaxed);
        seen.unwrap_or_else(|panic| resume_unwind(panic)).0
    });
    let blocked = cold.blocked_among(&network);
    assert_eq!(blocked.len(), 2, "each consumer has its own thread");
    cold.assert_blocked(&blocked);
    assert_threads(&cold, &scene.threads);
}
