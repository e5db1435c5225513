//! An epoll instance, and the connections that it watches.

use std::{io::Write, os::unix::net::UnixStream, sync::Arc};

use anyhow::{Context, Result};
use rustix::{
    event::epoll::{self, CreateFlags, EventData, EventFlags},
    fd::OwnedFd,
    time::Timespec,
};
use tests::{
    os::clock::monotonic_ns,
    truth::{ThreadTruth, TurnTruth},
};

use crate::crew::this_thread;

/// An epoll instance, and the sockets that it watches with their other ends.
pub struct Instance {
    epoll: OwnedFd,
    connections: Vec<Connection>,
}

/// The two ends of a connection.
pub struct Connection {
    /// The end that the instance watches.
    pub server: UnixStream,
    /// The other one.
    pub client: UnixStream,
}

impl Connection {
    /// Makes the server's end readable.
    pub fn request(&self) -> Result<()> {
        (&self.client).write_all(b"x").context("sending a request")
    }
}

impl Instance {
    /// Watches so many sockets. They stay readable if that is wanted, or become so by a request.
    pub fn of(sockets: u64, readable: bool) -> Result<Arc<Self>> {
        Self::with(EventFlags::IN, sockets, readable)
    }

    /// Watches so many sockets, and tells of each request once.
    pub fn edge_triggered(sockets: u64) -> Result<Arc<Self>> {
        Self::with(EventFlags::IN | EventFlags::ET, sockets, false)
    }

    fn with(events: EventFlags, sockets: u64, readable: bool) -> Result<Arc<Self>> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).context("making an epoll instance")?;
        let mut connections = Vec::new();
        for number in 0..sockets {
            let (server, client) = UnixStream::pair().context("making sockets")?;
            epoll::add(&epoll, &server, EventData::new_u64(number), events)?;
            let connection = Connection { server, client };
            if readable {
                connection.request()?;
            }
            connections.push(connection);
        }
        Ok(Arc::new(Self { epoll, connections }))
    }

    /// What it watches.
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// Takes events; returns how many.
    pub fn wait(&self) -> Result<usize> {
        Ok(self.take()?.len())
    }

    /// Takes events, for at most 16 connections; returns their numbers. None within a second: none.
    pub fn take(&self) -> Result<Vec<usize>> {
        let mut events = Vec::with_capacity(16);
        let limit = Timespec { tv_sec: 1, tv_nsec: 0 };
        epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&limit))?;
        events.iter().map(|event| Ok(usize::try_from(event.data.u64())?)).collect()
    }

    /// So many turns of `work`, and the wait that ends the last of them.
    pub fn turn(&self, turns: u64, mut work: impl FnMut(u64, &mut ThreadTruth) -> Result<()>) -> Result<ThreadTruth> {
        let mut truth = this_thread()?;
        for turn in 0..=turns {
            let waits_at_ns = monotonic_ns();
            if let Some(last) = truth.turns.last_mut() {
                last.latency_ns = waits_at_ns - last.began_at_ns;
            }
            truth.bytes += self.wait()? as u64;
            truth.calls += 1;
            let began_at_ns = monotonic_ns();
            if turn == turns {
                break;
            }
            work(turn, &mut truth)?;
            truth.turns.push(TurnTruth { began_at_ns, latency_ns: 0, disk_ns: monotonic_ns() - began_at_ns });
        }
        Ok(truth)
    }

    /// Waits for events as long as it takes, and takes none but the first.
    pub fn park(&self) -> Result<()> {
        let mut events = Vec::with_capacity(1);
        epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None)?;
        Ok(())
    }
}
