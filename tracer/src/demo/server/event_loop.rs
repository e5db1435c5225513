//! The loop: wait for readiness, serve who is ready, wait again.

use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::{Errno, ioctl_fionread};

use super::STOP;
use super::connection::{Connection, Next, Which};
use super::served_file::{Account, ServedFile};
use crate::demo::files;
use crate::demo::truth::ServerTruth;

/// More clients than the demonstration has; who comes beyond is turned away.
const CONNECTIONS_MAX: usize = 256;
/// Nobody keeps the loop for longer than this many `sendfile` calls at a time.
const CALLS_PER_TURN: usize = 4;
const EVENTS_PER_TURN: usize = 64;

const LINE_MAX: usize = 64;

const LISTENER: u64 = 0;
const CONTROL: u64 = 1;
const FIRST_CONNECTION: u64 = 2;

/// How the loop ended.
pub enum Ended {
    /// It was told to stop.
    Stopped(ServerTruth),
    /// The input that would have told it is gone.
    Abandoned,
}

/// The server's state, owned by its one thread.
pub struct EventLoop<'a> {
    epoll: OwnedFd,
    listener: TcpListener,
    control: BorrowedFd<'a>,
    /// What has come of the next line on `control`.
    line: Vec<u8>,
    warm: ServedFile,
    cold: ServedFile,
    connections: HashMap<u64, Connection>,
    next_id: u64,
    account: Account,
}

impl<'a> EventLoop<'a> {
    /// Opens the files and watches the listener and the control input.
    pub fn new(directory: &Path, listener: TcpListener, control: BorrowedFd<'a>) -> Result<Self> {
        let warm = ServedFile::open(&files::warm_in(directory))?;
        let cold = ServedFile::open(&files::cold_in(directory))?;
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(CreateFlags::CLOEXEC).context("cannot make an epoll instance")?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        epoll::add(&epoll, control, EventData::new_u64(CONTROL), EventFlags::IN)
            .context("cannot watch the input that ends the server; it must be a pipe or a terminal")?;
        let (connections, account) = (HashMap::new(), Account::default());
        let line = Vec::new();
        Ok(Self { epoll, listener, control, line, warm, cold, connections, next_id: FIRST_CONNECTION, account })
    }

    /// Serves until told to stop.
    pub fn run(&mut self) -> Result<Ended> {
        let mut ready: Vec<Event> = Vec::with_capacity(EVENTS_PER_TURN);
        loop {
            ready.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut ready), None) {
                Err(Errno::INTR) => continue,
                result => result.context("epoll_wait failed")?,
            };
            for event in &ready {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    CONTROL => {
                        if let Some(ended) = self.heard()? {
                            return Ok(ended);
                        }
                    }
                    id => self.serve(id)?,
                }
            }
        }
    }

    fn heard(&mut self) -> Result<Option<Ended>> {
        let mut bytes = [0; LINE_MAX];
        match rustix::io::read(self.control, &mut bytes) {
            Ok(0) => return Ok(Some(Ended::Abandoned)),
            Ok(count) => self.line.extend_from_slice(&bytes[..count]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error).context("cannot read the input that ends the server"),
        }
        // A line may come in pieces.
        while let Some(end) = self.line.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            if line.trim_ascii() == STOP.as_bytes() {
                return Ok(Some(Ended::Stopped(self.account.truth())));
            }
        }
        if self.line.len() > LINE_MAX {
            self.line.clear();
        }
        Ok(None)
    }

    fn accept(&mut self) -> Result<()> {
        let stream = match self.listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return Ok(()),
            Err(error) => return Err(error).context("cannot accept a connection"),
        };
        if self.connections.len() >= CONNECTIONS_MAX {
            return Ok(());
        }
        if stream.set_nonblocking(true).is_ok() && stream.set_nodelay(true).is_ok() {
            epoll::add(&self.epoll, &stream, EventData::new_u64(self.next_id), EventFlags::IN)?;
            self.connections.insert(self.next_id, Connection::new(stream));
            // Never reused: an event of a closed connection finds nobody.
            self.next_id += 1;
        }
        Ok(())
    }

    fn serve(&mut self, id: u64) -> Result<()> {
        let Some(mut connection) = self.connections.remove(&id) else { return Ok(()) };
        let next = self.answer(&mut connection)?;
        let wanted = match next {
            Next::Input => EventFlags::IN,
            Next::Room | Next::Body => EventFlags::OUT,
            Next::Close => return Ok(()),
        };
        if connection.watched != wanted {
            epoll::modify(&self.epoll, &connection.stream, EventData::new_u64(id), wanted)?;
            connection.watched = wanted;
        }
        self.connections.insert(id, connection);
        Ok(())
    }

    /// Goes on with a connection until it needs something, or has had its share of the turn.
    fn answer(&mut self, connection: &mut Connection) -> Result<Next> {
        if connection.watched == EventFlags::IN && !connection.receive() {
            return Ok(Next::Close);
        }
        for _ in 0..CALLS_PER_TURN {
            let next = connection.advance(|which| self.file(which).bytes);
            if next != Next::Body {
                return Ok(next);
            }
            if let Some(next) = self.send_body(connection)? {
                return Ok(next);
            }
        }
        Ok(Next::Body)
    }

    /// One `sendfile`. `None` if the connection can go on at once.
    fn send_body(&mut self, connection: &mut Connection) -> Result<Option<Next>> {
        let Some(body) = &mut connection.body else { return Ok(None) };
        let file = match body.which {
            Which::Warm => &self.warm,
            Which::Cold => &self.cold,
        };
        let sent = file.send(&body.range, &connection.stream, &mut self.account)?;
        if sent.cold {
            // `connection` is out of the map here: it does not wait behind itself.
            let waiting = |other: &&Connection| ioctl_fionread(&other.stream).is_ok_and(|unread| unread > 0);
            self.account.waited_behind(self.connections.values().filter(waiting).count() as u64);
        }
        match sent.result {
            // The file has been cut short under the server: the promised length cannot be kept.
            Ok(0) => return Ok(Some(Next::Close)),
            Ok(bytes) => body.range.start += bytes as u64,
            Err(Errno::AGAIN) => return Ok(Some(Next::Room)),
            Err(Errno::INTR) => {}
            Err(_) => return Ok(Some(Next::Close)),
        }
        if body.range.is_empty() {
            connection.body = None;
        }
        Ok(None)
    }

    fn file(&self, which: Which) -> &ServedFile {
        match which {
            Which::Warm => &self.warm,
            Which::Cold => &self.cold,
        }
    }
}
