//! HAProxy in front of nginx: what it moves from socket to socket goes through pipes.

use std::{fs, net::Ipv4Addr, thread};

use tests::{disk::Scratch, haproxy::Haproxy, http::Client, needs, nginx::Nginx, tracer::Tracer};

const CLIENTS: u8 = 6;
const REQUESTS: u64 = 30;
const FILE_BYTES: u64 = 1 << 20;

#[test]
fn what_it_splices_is_told_by_direction_and_equals_its_own_account() {
    let _machine = needs!(Root, Haproxy, Nginx);
    let scratch = Scratch::on_disk();
    fs::write(scratch.path().join("big.html"), vec![1; FILE_BYTES as usize]).expect("writing a file");
    let nginx = Nginx::serving(scratch.path(), "access_log off;");
    let haproxy = Haproxy::in_front_of(nginx.port(), scratch.path());
    let port = haproxy.port();
    let before = haproxy.spliced_bytes();
    let tracer = Tracer::start("splice", &format!("--pid {}", haproxy.pid()));
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            scope.spawn(move || {
                let mut client = Client::connect(Ipv4Addr::new(127, 0, 0, 2 + number), port).expect("a connection");
                for _ in 0..REQUESTS {
                    client.get_whole("big.html", FILE_BYTES).expect("the file");
                }
            });
        }
    });
    let spliced = haproxy.spliced_bytes() - before;
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    let sent = u64::from(CLIENTS) * REQUESTS * FILE_BYTES;
    let (received, passed_on) = (seen.row("splice socket_to_pipe"), seen.row("splice pipe_to_socket"));
    assert_eq!((received.bytes, passed_on.bytes), (spliced, spliced));
    // The first bytes of an answer, and small rests, are copied.
    assert!(spliced > sent / 2 && spliced <= sent + sent / 10, "{spliced} of {sent} bytes");
    for row in [received, passed_on] {
        assert!(row.calls > 0 && row.threads.iter().all(|thread| thread.tid == haproxy.pid()), "{:?}", row.threads);
        assert_eq!((row.disk_blocked, row.memory_share), (0, None), "a socket has no page cache");
    }
    let others: Vec<_> = seen.syscalls.iter().filter(|row| row.calls > 0).map(|row| row.label()).collect();
    assert_eq!(others.len(), 2, "{others:?}");
    let [event_loop] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
    assert_eq!((event_loop.tid, event_loop.disk_waits), (haproxy.pid(), 0));
    assert_eq!(seen.verdict.status, "clear", "{:?}", seen.verdict);
}
