//! A Kafka broker with producers of new records and consumers of old ones, which the disk gives slowly; and with nothing
//! to send.

use std::{net::Ipv4Addr, path::Path, thread, time::Duration};

use anyhow::{Context as _, Result};
use tests::{
    disk::{LoopDisk, ThrottledDisk},
    kafka::{Batch, Broker, Cluster, Listener, Producers},
    tools::jars,
};

use crate::{MOST_BYTES, Scene};

const PARTITIONS: [&[i32]; 2] = [&[0], &[0]];
const BATCH: usize = 255 << 10;
/// Of each partition.
const BATCHES: usize = 24;
const FETCH: i32 = 1 << 20;

const READ_AHEAD_KIB: u32 = 128;
const READS_PER_SECOND: u32 = 100;

pub fn record(folder: &Path) -> Result<()> {
    let disk = LoopDisk::mount().reading_ahead(READ_AHEAD_KIB);
    let cluster = Cluster::start(disk.path(), 1, Listener::Plain);
    let broker = cluster.broker(0);
    cluster.create_topic("orders", &[&[0]], &[]);
    cluster.create_topic("archive", &PARTITIONS, &[]);
    let mut client = broker.client(Ipv4Addr::LOCALHOST)?;
    let batch = Batch::of_one_record(BATCH);
    for number in 0..PARTITIONS.len() * BATCHES {
        client.produce("archive", (number % PARTITIONS.len()) as i32, &batch, 1)?;
    }
    let data = disk.path().join("broker-0");
    let jars = jars("kafka");
    let jars = jars.parent().context("jars lie in a directory")?;
    let settings = cluster.settings();
    let neutral = [(data.as_path(), "/var/lib/kafka"), (jars, "/opt/kafka/libs"), (settings, "/etc/kafka")];
    let scene = |name| Scene { name, host: "broker-1", neutral: &neutral, most_bytes: MOST_BYTES };

    scene("kafka-idle").record(folder, "sendfile", broker.pid(), "", || thread::sleep(Duration::from_secs(2)))?;
    let _producers = Producers::start(broker, Ipv4Addr::new(127, 0, 0, 2), 6, "orders", 0, 1);
    let _limit = ThrottledDisk::of_process(broker.pid(), disk.path(), READS_PER_SECOND);
    // The JVM loads the code for it now.
    consume(broker, 0);
    (0..PARTITIONS.len()).for_each(|partition| broker.evict("archive", partition as i32));
    scene("kafka-cold").record(folder, "sendfile", broker.pid(), "--java-names", || {
        thread::scope(|scope| {
            (0..PARTITIONS.len()).for_each(|partition| drop(scope.spawn(move || consume(broker, partition))));
        });
    })
}

/// All of a partition, by a consumer of its own.
fn consume(broker: &Broker, partition: usize) {
    let host = Ipv4Addr::new(127, 0, 0, 3 + partition as u8);
    let mut client = broker.client(host).context("a consumer").expect("a connection");
    let mut offset = 0;
    while offset < BATCHES as i64 {
        offset = client.fetch("archive", partition as i32, offset, FETCH).expect("the archive").next_offset;
    }
}
