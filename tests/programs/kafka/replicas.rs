//! Brokers that copy from each other.

use std::{net::Ipv4Addr, time::Duration};

use tests::{
    disk::LoopDisk,
    kafka::{Cluster, Listener, Producers},
    needs,
    sysctl::Sysctl,
    wait::until,
};

use crate::kafka::witnesses::Threads;

/// Producers wait until both brokers have written out what they sent.
const ALL_REPLICAS: i16 = -1;

/// For each partition.
const RECORDS: usize = 100;
const CONNECTIONS: usize = 3;

/// Lets each partition take so many records.
fn produce(cluster: &Cluster, records: usize) {
    let start = |partition| {
        let broker = cluster.broker(partition);
        Producers::start(broker, Ipv4Addr::LOCALHOST, CONNECTIONS, "replicated", partition as i32, ALL_REPLICAS)
    };
    let producers = [0, 1].map(start);
    let done = || producers.iter().all(|producers| producers.records() >= records).then_some(());
    until(Duration::from_secs(60), done).expect("the records are taken");
}

#[test]
fn a_replica_fetcher_that_waits_for_its_writes_is_no_blocked_event_loop() {
    let _machine = needs!(Root, LoopDisk, DelayAccounting, RealTime, Bpftrace, Kafka, Java);
    let _accounting = Sysctl::delay_accounting();
    let disk = LoopDisk::mount();
    let cluster = Cluster::start(disk.path(), 2, Listener::Plain);
    // Each leads one partition and fetches the other; each record is written out before it is acknowledged.
    cluster.create_topic("replicated", &[&[0, 1], &[1, 0]], &[("flush.messages", "1")]);
    let broker = cluster.broker(1);
    // Clients without a request, as most of a broker's are.
    let _idle: Vec<_> = (0..6).map(|_| broker.client(Ipv4Addr::LOCALHOST).expect("a connection")).collect();
    produce(&cluster, 20);

    let threads = Threads::of(broker);
    let (network, fetchers) = (threads.network(), threads.replica_fetchers());
    assert_eq!((network.len(), fetchers.len()), (3, 1));
    let (seen, ()) = threads.watch(|| produce(&cluster, RECORDS));
    seen.assert_blocked(&[]);
    assert!(network.iter().all(|tid| seen.row(*tid).is_some_and(|row| row.role == "event_loop")));
    let row = seen.row(fetchers[0]).expect("the fetcher's row");
    assert_eq!(row.role, "worker");
    // Records that come together are written out together.
    assert!(row.disk_waits >= (RECORDS / CONNECTIONS) as u64, "{row:?}");
    for tids in [network, fetchers, threads.request_handlers()] {
        seen.assert_counts(&tids);
    }
}
