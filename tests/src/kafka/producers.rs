//! A steady load of small records, and how long each took.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{Batch, Broker, Client};
use crate::os::schedule::become_real_time;

const RECORD_BYTES: usize = 1 << 10;

/// Producers that work until they are dropped.
pub struct Producers {
    stop: Arc<AtomicBool>,
    latencies: Arc<Mutex<Vec<Duration>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Producers {
    /// One record in so much time on each connection, unless the last one takes longer.
    pub const PERIOD: Duration = Duration::from_millis(40);

    /// So many connections from `host`, each with one request in flight, to a partition that `broker` leads.
    ///
    /// # Panics
    /// If the broker does not take them.
    #[must_use]
    pub fn start(broker: &Broker, host: Ipv4Addr, connections: usize, topic: &str, partition: i32, acks: i16) -> Self {
        let (stop, latencies) = (Arc::default(), Arc::default());
        let mut this = Self { stop, latencies, threads: Vec::new() };
        for _ in 0..connections {
            let client = broker.client(host).expect("a connection for a producer");
            let (stop, latencies, topic) = (Arc::clone(&this.stop), Arc::clone(&this.latencies), topic.to_owned());
            let work = move || work(client, &topic, partition, acks, &stop, &latencies);
            this.threads.push(std::thread::spawn(work));
        }
        this
    }

    /// The latencies since the last look, the shortest first.
    #[must_use]
    pub fn take_latencies(&self) -> Vec<Duration> {
        let mut taken = std::mem::take(&mut *self.latencies.lock().unwrap_or_else(PoisonError::into_inner));
        taken.sort_unstable();
        taken
    }

    /// How many records were taken since the last look at the latencies.
    #[must_use]
    pub fn records(&self) -> usize {
        self.latencies.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether all of them still work.
    #[must_use]
    pub fn all_work(&self) -> bool {
        self.threads.iter().all(|thread| !thread.is_finished())
    }
}

fn work(
    mut client: Client,
    topic: &str,
    partition: i32,
    acks: i16,
    stop: &AtomicBool,
    latencies: &Mutex<Vec<Duration>>,
) {
    // One that waits for a CPU would time that. Where it is refused, the latencies are less exact.
    let _ = become_real_time();
    let batch = Batch::of_one_record(RECORD_BYTES);
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        client.produce(topic, partition, &batch, acks).expect("a record is taken");
        let latency = start.elapsed();
        latencies.lock().unwrap_or_else(PoisonError::into_inner).push(latency);
        std::thread::sleep(Producers::PERIOD.saturating_sub(latency));
    }
}

impl Drop for Producers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // One that failed is told by `all_work`.
            let _ = thread.join();
        }
    }
}
