//! Many connections that ask, think and ask again, driven by one thread, with the times of every request.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, CreateFlags, EventData, EventFlags},
    },
};

use crate::{http::head_bytes, os::clock::realtime_ns};

/// When a request was sent and its answer was there, CLOCK_REALTIME in ns.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Before it was sent.
    pub sent_ns: u64,
    /// After its last byte had been read.
    pub answered_ns: u64,
}

/// Clients that ask until they are stopped.
pub struct Requests {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<Request>>>,
}

struct Connection {
    stream: TcpStream,
    /// When its request was sent; `None`: it thinks.
    sent_ns: Option<u64>,
    /// When it asks next, if it thinks.
    due: Instant,
    /// Bytes of the answer that are still to come; `None`: its head is.
    missing: Option<usize>,
}

impl Requests {
    /// Lets so many connections ask the server at a port of this machine for the first `bytes` of a file, again and again. Each thinks for a while
    /// before it asks, for `think` on average.
    ///
    /// # Panics
    /// If there is no connection to be had.
    #[must_use]
    pub fn start(port: u16, connections: usize, think: Duration, file: &str, bytes: usize) -> Self {
        let request = format!("GET /{file} HTTP/1.1\r\nHost: test\r\nRange: bytes=0-{}\r\n\r\n", bytes - 1);
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let streams: Vec<_> = (0..connections)
            .map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection to the server"))
            .collect();
        let thread = std::thread::spawn(move || ask(streams, &request, bytes, think, &until));
        Self { stop, thread }
    }

    /// Ends them; returns what they asked.
    ///
    /// # Panics
    /// If a request failed.
    #[must_use]
    pub fn stop(self) -> Vec<Request> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the clients' thread").expect("the clients' requests")
    }
}

fn ask(
    streams: Vec<TcpStream>,
    request: &str,
    bytes: usize,
    think: Duration,
    stop: &AtomicBool,
) -> Result<Vec<Request>> {
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    let mut pauses = Pauses { state: 1, average: think };
    let mut connections = Vec::new();
    for (number, stream) in (0..).zip(streams) {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        epoll::add(&epoll, &stream, EventData::new_u64(number), EventFlags::IN)?;
        connections.push(Connection { stream, sent_ns: None, due: Instant::now() + pauses.next(), missing: None });
    }
    let mut answered = Vec::new();
    let mut block = vec![0; 1 << 16];
    let mut events = Vec::with_capacity(connections.len());
    let limit = Timespec { tv_sec: 0, tv_nsec: TICK_NS };
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        for connection in connections.iter_mut().filter(|one| one.sent_ns.is_none() && one.due <= now) {
            connection.sent_ns = Some(realtime_ns());
            connection.stream.write_all(request.as_bytes()).context("sending a request")?;
        }
        events.clear();
        epoll::wait(&epoll, spare_capacity(&mut events), Some(&limit))?;
        for event in &events {
            let connection = &mut connections[usize::try_from(event.data.u64())?];
            let count = match connection.stream.read(&mut block) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                result => result.context("reading an answer")?,
            };
            ensure!(count > 0, "the server closed a connection");
            let missing = match connection.missing {
                Some(missing) => missing,
                None => {
                    ensure!(block.starts_with(b"HTTP/1.1 206"), "not the answer to a range");
                    // It comes in one piece.
                    head_bytes(&block[..count]).context("an answer without the end of its head")? + bytes
                }
            };
            let missing = missing.checked_sub(count).context("more than the answer")?;
            connection.missing = Some(missing);
            if missing == 0 {
                let sent_ns = connection.sent_ns.take().context("an answer that nobody asked for")?;
                answered.push(Request { sent_ns, answered_ns: realtime_ns() });
                connection.missing = None;
                connection.due = Instant::now() + pauses.next();
            }
        }
    }
    Ok(answered)
}

/// How often the thread looks who has thought enough.
const TICK_NS: i64 = 500_000;

/// Pauses that are the same in every run.
struct Pauses {
    state: u64,
    average: Duration,
}

impl Pauses {
    /// Between nothing and twice the average.
    fn next(&mut self) -> Duration {
        // Knuth's MMIX generator; the high bits are the good ones.
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.average.mul_f64((self.state >> 40) as f64 / f64::from(1 << 23))
    }
}
