//! The clients of the warm file: a steady, bounded load that has nothing to do with the disk, until it waits
//! behind somebody else's cold read.

use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::asked::Asked;
use super::request::Request;
use super::{ANSWER_WITHIN, spread};
use crate::demo::files::WARM_BYTES;
use crate::model::{Histogram, HistogramBuilder};
use crate::scratch::word;

/// Keep-alive connections to the warm file, each with at most one request in flight.
pub const WARM_CONNECTIONS: u32 = 32;
/// Requests per second of all of them together, while the server keeps up: about a tenth of a CPU on either side.
pub const WARM_REQUESTS_PER_SECOND: u32 = 2_000;
/// What each request asks for.
pub const WARM_BYTES_PER_REQUEST: u64 = 8 << 10;

struct Connection {
    stream: TcpStream,
    /// In flight.
    request: Option<Request>,
    /// When to ask next.
    due: Instant,
}

/// All the connections, in one thread so that the load costs little.
struct Warm {
    address: SocketAddr,
    connections: Vec<Connection>,
    asked: u64,
    latencies: HistogramBuilder,
}

/// Asks until stopped. The requests' latencies.
pub fn ask(address: SocketAddr, streams: Vec<TcpStream>, stop: &Receiver<()>) -> Result<Histogram> {
    let mut warm = Warm::new(address, streams)?;
    while stop.try_recv() != Err(TryRecvError::Disconnected) {
        warm.send_what_is_due()?;
        warm.receive(warm.next_due().saturating_duration_since(Instant::now()))?;
    }
    while warm.connections.iter().any(|connection| connection.request.is_some()) {
        warm.receive(ANSWER_WITHIN)?;
    }
    Ok(warm.latencies.build())
}

impl Warm {
    fn new(address: SocketAddr, streams: Vec<TcpStream>) -> Result<Self> {
        let start = Instant::now();
        let mut connections = Vec::with_capacity(streams.len());
        for (n, stream) in (0..).zip(streams) {
            stream.set_nonblocking(true)?;
            let due = start + Duration::from_secs(1) / WARM_REQUESTS_PER_SECOND * n;
            connections.push(Connection { stream, request: None, due });
        }
        Ok(Self { address, connections, asked: 0, latencies: HistogramBuilder::default() })
    }

    fn send_what_is_due(&mut self) -> Result<()> {
        let period = Duration::from_secs(1) / WARM_REQUESTS_PER_SECOND * WARM_CONNECTIONS;
        let now = Instant::now();
        for connection in self.connections.iter_mut().filter(|one| one.request.is_none() && one.due <= now) {
            self.asked += 1;
            let part = word(self.asked) % (WARM_BYTES / WARM_BYTES_PER_REQUEST);
            let offset = part * WARM_BYTES_PER_REQUEST;
            let asked = Asked { path: "/warm", offset, bytes: WARM_BYTES_PER_REQUEST };
            connection.request = Some(Request::send(asked, &connection.stream, self.address)?);
            connection.due = now.max(connection.due + spread(period, self.asked));
        }
        Ok(())
    }

    /// When somebody idle wants to ask next.
    fn next_due(&self) -> Instant {
        let idle = self.connections.iter().filter(|connection| connection.request.is_none());
        idle.map(|connection| connection.due).min().unwrap_or_else(|| Instant::now() + ANSWER_WITHIN)
    }

    /// Takes in answers; waits for the first at most so long.
    fn receive(&mut self, timeout: Duration) -> Result<()> {
        let in_flight = self.connections.iter_mut().filter(|connection| connection.request.is_some());
        let mut in_flight: Vec<_> = in_flight.collect();
        let mut fds: Vec<_> =
            in_flight.iter().map(|one| PollFd::from_borrowed_fd(one.stream.as_fd(), PollFlags::IN)).collect();
        match poll(&mut fds, Some(&Timespec::try_from(timeout)?)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        for (connection, ready) in in_flight.iter_mut().zip(ready) {
            let Some(request) = &mut connection.request else { continue };
            if !ready {
                if request.age() > ANSWER_WITHIN {
                    bail!("no answer from the server for {} s", ANSWER_WITHIN.as_secs());
                }
            } else if let Some(latency_ns) = request.receive(&connection.stream)? {
                self.latencies.record(latency_ns);
                connection.request = None;
            }
        }
        Ok(())
    }
}
