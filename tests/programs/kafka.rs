//! lab
#![allow(missing_docs, clippy::print_stderr)]
use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};
use tests::{
    bpftrace::Bpftrace,
    disk::{LoopDisk, ThrottledDisk},
    jvm,
    kafka::{Cluster, Listener, Producers},
    needs,
    os::{schedule::make_real_time, taskstats::Taskstats},
    sysctl::Sysctl,
    tracer::Tracer,
};

#[test]
fn lab_plain() {
    lab(Listener::Plain);
}
#[test]
fn lab_tls() {
    lab(Listener::Encrypted);
}

fn cached(broker: &tests::kafka::Broker) -> u64 {
    broker
        .segments_of("cold", 0)
        .iter()
        .map(|s| {
            let f = std::fs::File::open(s).unwrap();
            tests::os::page_cache::PageCache::of(&f)
                .unwrap()
                .settled(Duration::from_millis(50))
                .unwrap()
                .iter()
                .filter(|c| **c)
                .count() as u64
        })
        .sum()
}

fn lab(listener: Listener) {
    let _machine = needs!(Root, LoopDisk, DiskThrottle, Bpftrace, Kafka, Java);
    let rt = std::env::var_os("RT").is_some();
    let t = Instant::now();
    let _acc = Sysctl::delay_accounting();
    let disk = LoopDisk::mount().reading_ahead(128);
    let cluster = Cluster::start(disk.path(), 1, listener);
    let broker = cluster.broker(0);
    eprintln!("up {:?} pid {}", t.elapsed(), broker.pid());
    cluster.create_topic("hot", &[&[0]], &[]);
    cluster.create_topic("cold", &[&[0]], &[("segment.bytes", "33554432")]);
    eprintln!("topics {:?}", t.elapsed());
    let mut filler = broker.client(Ipv4Addr::LOCALHOST).unwrap();
    let b = tests::kafka::Batch::of_one_record(256 << 10);
    for _ in 0..384 {
        filler.produce("cold", 0, &b, 1).unwrap();
    }
    eprintln!("filled {:?}", t.elapsed());
    let threads = jvm::threads_of(broker.pid());
    let server: Vec<_> = threads
        .iter()
        .filter(|t| t.name.starts_with("data-plane-kafka-") && !t.name.contains("socket-acceptor"))
        .collect();
    if rt {
        for t in &threads {
            make_real_time(t.tid).unwrap();
        }
    }
    let producers = Producers::start(broker, Ipv4Addr::new(127, 0, 0, 2), 6, "hot", 0, 1);
    let mut warm = broker.client(Ipv4Addr::new(127, 0, 0, 4)).unwrap();
    let at = warm.fetch("hot", 0, 0, 1 << 20).unwrap();
    eprintln!("warm {at:?}");
    std::thread::sleep(Duration::from_secs(2));
    producers.take_latencies();
    let ts = Taskstats::open().unwrap();
    let phase = |name: &str, work: &mut dyn FnMut()| {
        let before = cached(broker);
        let stats: Vec<_> = server.iter().map(|t| ts.block_io(t.tid).unwrap().sleeps).collect();
        let bt = Bpftrace::disk_waits_of(&[broker.pid()]);
        let tracer = Tracer::sendfile(&format!("--pid {}", broker.pid()));
        producers.take_latencies();
        let s = Instant::now();
        work();
        let took = s.elapsed();
        let l = producers.take_latencies();
        let out = tracer.stop();
        let waits = bt.disk_waits();
        let gained = cached(broker) - before;
        eprintln!(
            "==== {name} took {took:?} produce n={} p50={:?} p99={:?} max={:?}",
            l.len(),
            l[l.len() / 2],
            l[l.len() * 99 / 100],
            l.last()
        );
        let sf = out.recording.sendfile();
        eprintln!("verdict {} {:?}", out.recording.verdict.status, out.recording.verdict.threads);
        eprintln!(
            "sendfile calls {} blocked {} waits {} cold {:?} ra {:?} pages gained {gained}",
            sf.calls, sf.disk_blocked, sf.disk_waits, sf.cold_requested, sf.read_ahead
        );
        for (i, t) in server.iter().enumerate() {
            let seen = out.recording.threads.iter().find(|x| x.tid == t.tid);
            eprintln!(
                "{} {} taskstats {} bpftrace {:?} tracer {:?} {:?}",
                t.tid,
                t.name,
                ts.block_io(t.tid).unwrap().sleeps - stats[i],
                waits.get(&t.tid),
                seen.map(|s| (s.role.clone(), s.disk_waits, s.disk_wait_ns)),
                seen.map(|s| s.by_syscall.iter().map(|b| (b.name.clone(), b.disk_waits)).collect::<Vec<_>>())
            );
        }
        for s in &out.recording.threads {
            if s.disk_waits > 0 && !server.iter().any(|t| t.tid == s.tid) {
                eprintln!(
                    "other {:?} bp {:?} {:?}",
                    s,
                    waits.get(&s.tid),
                    threads.iter().find(|t| t.tid == s.tid).map(|t| &t.name)
                );
            }
        }
        eprintln!("{}", out.stdout);
        eprintln!("{}", out.stderr);
    };
    phase("before", &mut || {
        let mut at = 0;
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            at = warm.fetch("hot", 0, at, 1 << 20).unwrap().next_offset;
        }
    });
    broker.evict("cold", 0);
    let limit = ThrottledDisk::of_process(broker.pid(), disk.path(), 100);
    let mut consume = |mib: u64| {
        let mut cold = broker.client(Ipv4Addr::new(127, 0, 0, 3)).unwrap();
        eprintln!("cold consumer {:?}", cold.address());
        let (mut at, mut sum) = (0, 0);
        while sum < mib << 20 {
            let f = cold.fetch("cold", 0, at, 1 << 20).unwrap();
            at = f.next_offset;
            sum += f.bytes;
        }
    };
    phase("cold", &mut || consume(48));
    broker.evict("cold", 0);
    phase("remedy", &mut || {
        std::thread::scope(|s| {
            s.spawn(|| {
                for seg in broker.segments_of("cold", 0) {
                    let f = std::fs::File::open(&seg).unwrap();
                    let null = std::fs::File::options().write(true).open("/dev/null").unwrap();
                    while rustix::fs::sendfile(&null, &f, None, 1 << 20).unwrap() > 0 {}
                }
            });
            std::thread::sleep(Duration::from_millis(200));
            consume(48);
        });
    });
    drop(limit);
    eprintln!("end {:?}", t.elapsed());
}
