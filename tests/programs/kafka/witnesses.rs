//! A measurement of a broker, and what others say of the same time.

use std::{collections::BTreeMap, time::Duration};

use tests::{
    bpftrace::{Bpftrace, Waits},
    jcmd::{JavaThread, threads_of},
    kafka::Broker,
    os::{schedule::make_real_time, stolen::stolen_ns, taskstats::Taskstats},
    recording::{NamedThread, Recording, ThreadWaits},
    tracer::Tracer,
};

/// From here on one disk wait of an event loop is a finding, and from this share of the window on all together.
const THRESHOLD: Duration = Duration::from_millis(1);
const BLOCKED_SHARE: f64 = 0.001;

/// From the order to wake a thread until it can run, on a busy machine.
const WAKING_NS: u64 = 100_000;

/// The threads of a broker, by their names.
pub struct Threads {
    pid: u32,
    all: Vec<JavaThread>,
}

/// What tracer saw, and what others saw.
pub struct Seen {
    pub recording: Recording,
    /// Sleeps for storage by bpftrace's count.
    waits: BTreeMap<u32, Waits>,
    /// Sleeps for block I/O by the kernel's delay accounting.
    sleeps: BTreeMap<u32, u64>,
    /// Time that the host and interrupts took meanwhile: a CPU that is not there puts nobody on its run queue, however
    /// early it was told to.
    stolen_ns: u64,
}

impl Threads {
    /// Of a broker that runs. Those that are counted become real-time threads: for these delay accounting is right.
    pub fn of(broker: &Broker) -> Self {
        let this = Self { pid: broker.pid(), all: threads_of(broker.pid()) };
        for tid in this.counted() {
            make_real_time(tid).expect("a thread that does not end");
        }
        this
    }

    /// The threads whose disk waits are counted.
    fn counted(&self) -> Vec<u32> {
        [self.network(), self.request_handlers(), self.replica_fetchers()].concat()
    }

    /// The threads that serve connections of clients.
    pub fn network(&self) -> Vec<u32> {
        let threads = self.named("data-plane-kafka-network-thread-");
        threads.filter(|thread| !thread.name.contains("CONTROLLER")).map(|thread| thread.tid).collect()
    }

    /// The threads that carry out requests.
    pub fn request_handlers(&self) -> Vec<u32> {
        self.named("data-plane-kafka-request-handler-").map(|thread| thread.tid).collect()
    }

    /// The threads that fetch what another broker leads, and write it.
    pub fn replica_fetchers(&self) -> Vec<u32> {
        self.named("ReplicaFetcherThread-").map(|thread| thread.tid).collect()
    }

    fn named(&self, start: &str) -> impl Iterator<Item = &JavaThread> {
        self.all.iter().filter(move |thread| thread.name.starts_with(start))
    }

    /// Lets tracer watch the broker during some work, and all witnesses with it.
    pub fn watch<T>(&self, work: impl FnOnce() -> T) -> (Seen, T) {
        let taskstats = Taskstats::open().expect("taskstats");
        let sleeps_of = |tid: &u32| (*tid, taskstats.block_io(*tid).expect("the account of a thread").sleeps);
        let bpftrace = Bpftrace::disk_waits_of(self.pid);
        let tracer = Tracer::sendfile(&format!("--pid {} --java-names", self.pid));
        // As close to the work as can be: a handler may wait for the disk at any time.
        let before: BTreeMap<_, _> = self.counted().iter().map(sleeps_of).collect();
        let stolen_before_ns = stolen_ns();
        let done = work();
        let sleeps = before.iter().map(|(tid, before)| (*tid, sleeps_of(tid).1 - before)).collect();
        let recording = tracer.stop().recording;
        let stolen_ns = stolen_ns() - stolen_before_ns;
        let waits = bpftrace.disk_waits();
        recording.assert_nothing_lost();
        self.assert_named(&recording);
        (Seen { recording, waits, sleeps, stolen_ns }, done)
    }
}

impl Threads {
    /// Tracer's names are those that jcmd gives.
    fn assert_named(&self, recording: &Recording) {
        for row in &recording.threads {
            let jcmd = self.all.iter().find(|thread| thread.tid == row.tid);
            assert!(jcmd.is_none_or(|thread| thread.name == row.name), "{row:?} is {jcmd:?}");
        }
        let network = self.network();
        assert!(recording.threads.iter().any(|row| network.contains(&row.tid)), "no network thread is listed");
    }
}

impl Seen {
    /// Tracer's row of a thread; threads that did nothing have none.
    pub fn row(&self, tid: u32) -> Option<&ThreadWaits> {
        self.recording.threads.iter().find(|thread| thread.tid == tid)
    }

    /// Tracer's disk waits of some threads.
    pub fn disk_waits(&self, tids: &[u32]) -> u64 {
        tids.iter().filter_map(|tid| self.row(*tid)).map(|row| row.disk_waits).sum()
    }

    /// Those of the threads that waited long enough to be called blocked, if they are event loops, by bpftrace.
    pub fn blocked_among(&self, tids: &[u32]) -> Vec<u32> {
        let allowed_ns = BLOCKED_SHARE * self.recording.window.duration_ns as f64;
        let is_long =
            |waits: &Waits| Duration::from_nanos(waits.max_ns) >= THRESHOLD || waits.sum_ns as f64 >= allowed_ns;
        tids.iter().copied().filter(|tid| self.waits.get(tid).is_some_and(is_long)).collect()
    }

    /// Asserts that the verdict names exactly these, as event loops.
    pub fn assert_blocked(&self, tids: &[u32]) {
        let verdict = &self.recording.verdict;
        let status = if tids.is_empty() { "clear" } else { "blocked" };
        assert_eq!(verdict.status, status, "{verdict:?}");
        let mut named = verdict.threads.clone();
        named.sort_by_key(|thread| thread.tid);
        let mut expected = tids.to_vec();
        expected.sort_unstable();
        let expected: Vec<_> = expected.into_iter().map(|tid| NamedThread { tid, role: "event_loop".into() }).collect();
        assert_eq!(named, expected, "{verdict:?}");
    }

    /// Asserts that each thread has as many disk waits as the witnesses say, and slept as long.
    pub fn assert_counts(&self, tids: &[u32]) {
        for tid in tids {
            let row = self.row(*tid);
            let seen = row.map_or(0, |row| row.disk_waits);
            let (count, sum_ns) = self.waits.get(tid).map_or((0, 0), |waits| (waits.count, waits.sum_ns));
            assert_near(seen, count, &format!("bpftrace of {tid}: {row:?}"));
            if seen == count {
                let (seen_ns, slack_ns) = (row.map_or(0, |row| row.disk_wait_ns), sum_ns / 20 + WAKING_NS * count);
                assert!(
                    seen_ns.abs_diff(sum_ns) <= slack_ns + self.stolen_ns,
                    "{sum_ns} ns by bpftrace of {tid}: {row:?}"
                );
            }
            // The account leaves out what is no block I/O: the commit of a journal.
            let synced = |row: &ThreadWaits| row.by_syscall.iter().any(|call| call.name.ends_with("sync"));
            if !row.is_some_and(synced) {
                assert_near(seen, self.sleeps[tid], &format!("taskstats of {tid}: {row:?}"));
            }
        }
    }
}

/// Within 5 %, or one: the witnesses begin a little earlier and end a little later.
pub fn assert_near(seen: u64, witness: u64, what: &str) {
    assert!(seen.abs_diff(witness) <= (witness / 20).max(1), "{seen} seen, {witness} by {what}");
}
