//! All that the demonstration needs, set up and cleaned up.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::clients::{Clients, Load};
use super::disk::Disk;
use super::files::{self, Scratch};
use super::process::{self, ServerProcess};
use super::truth::Truth;
use crate::model::{Histogram, Pid};

/// Files on a disk, a server that serves them and connected clients. Dropped at any point, it ends the
/// server and removes the files; if this process is killed, the server does both.
#[derive(Debug)]
pub struct Stage {
    // In the order in which they end.
    server: ServerProcess,
    clients: State,
    scratch: Scratch,
    disk: Disk,
}

#[derive(Debug)]
enum State {
    Idle(Clients),
    Running(Load),
    Ended {
        warm: Histogram,
        cold: Histogram,
    },
    /// `begin` or `end` failed.
    Broken,
}

impl Stage {
    /// Sets up the demonstration, without any load yet: the event loop is parked in `epoll_wait`, watching
    /// its listening socket and all the clients' connections.
    ///
    /// The files go to `directory` if given, else to the first of `$TMPDIR`, `/var/tmp`, the current
    /// directory and `/tmp` that lies on a disk with room. Takes a second or two.
    ///
    /// # Errors
    /// If no directory will do, the server cannot be started or the clients cannot connect.
    pub fn set_up(directory: Option<&Path>) -> Result<Self> {
        Self::set_up_with(directory, process::this_program)
    }

    pub(super) fn set_up_with(directory: Option<&Path>, server_for: impl FnOnce(&Path) -> Command) -> Result<Self> {
        let (scratch, disk) = files::prepare(directory)?;
        let server = ServerProcess::start(server_for(scratch.path()))?;
        let clients = State::Idle(Clients::connect(server.address)?);
        Ok(Self { server, clients, scratch, disk })
    }

    /// The server's process id, which is also the thread id of its event loop.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.server.pid()
    }

    /// Where the server listens; it answers `curl -r 0-99 http://ADDRESS/warm`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The scratch directory with the two files.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// How fast the disk is.
    #[must_use]
    pub fn disk(&self) -> Disk {
        self.disk
    }

    /// The threshold to trace with, so that this disk's waits are slow calls.
    #[must_use]
    pub fn threshold_ns(&self) -> u64 {
        self.disk.threshold_ns()
    }

    /// Lets the clients go.
    ///
    /// Begun after the measurement's window opens and ended before it closes, each of the server's calls
    /// lies within the window, and the two accounts must be equal.
    ///
    /// # Errors
    /// If a client thread cannot be started, or if called twice.
    pub fn begin(&mut self) -> Result<()> {
        let State::Idle(clients) = std::mem::replace(&mut self.clients, State::Broken) else {
            bail!("the demo's clients can begin only once");
        };
        self.clients = State::Running(clients.begin(self.disk.cold_period())?);
        Ok(())
    }

    /// Stops the clients when the requests in flight are answered: within milliseconds, or the time of a few
    /// reads of a slow disk.
    ///
    /// # Errors
    /// If a client failed meanwhile (no answer, or a wrong one), or if they were not running.
    pub fn end(&mut self) -> Result<()> {
        let State::Running(load) = std::mem::replace(&mut self.clients, State::Broken) else {
            bail!("the demo's clients are not running");
        };
        let (warm, cold) = load.end()?;
        self.clients = State::Ended { warm, cold };
        Ok(())
    }

    /// Ends the clients if they still run, stops the server, and removes the files.
    ///
    /// # Errors
    /// If a client or the server failed, or the clients never ran.
    pub fn finish(mut self) -> Result<Truth> {
        if let State::Running(_) = self.clients {
            self.end()?;
        }
        let State::Ended { warm, cold } = self.clients else { bail!("the demo's clients never ran") };
        let server = self.server.stop()?;
        self.scratch.remove()?;
        Ok(Truth { server, warm_requests: warm, cold_requests: cold })
    }
}
