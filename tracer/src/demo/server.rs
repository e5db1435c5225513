//! The server: one thread, one epoll instance, non-blocking sockets, `sendfile` for every answer.

mod connection;
mod event_loop;
mod served_file;

use std::ffi::CString;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use self::event_loop::{Ended, EventLoop};
use super::files;
use super::truth::ServerTruth;

/// Name of the event loop's thread (and so of the process).
pub const THREAD_NAME: &str = "demo-loop";
/// The line on the server's standard input that ends it.
pub(super) const STOP: &str = "stop";

/// What the server writes on its standard output: one JSON line each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// It listens here.
    Listening(SocketAddr),
    /// It has ended, and this is what it did.
    Truth(ServerTruth),
}

/// Serves a scratch directory's files in this process until its standard input says `stop` or ends.
///
/// Call it from the main thread of a process that has no other: that thread becomes the event loop. It says
/// where it listens, and after `stop` what it counted, as JSON lines on standard output. If its standard
/// input ends without `stop`, its owner is dead: then it removes the scratch directory. (A death signal would
/// come too early: the kernel sends it when the *thread* that started the server ends.)
///
/// # Errors
/// If the files cannot be opened, no port of 127.0.0.1 can be had, or epoll fails. A client's failure ends
/// its connection only.
pub fn serve(directory: &Path) -> Result<()> {
    serve_on(directory, io::stdin(), io::stdout().lock())
}

pub(super) fn serve_on(directory: &Path, control: impl AsFd, mut say: impl Write) -> Result<()> {
    let name = CString::new(THREAD_NAME)?;
    rustix::thread::set_name(&name).context("cannot name the thread")?;
    // sendfile has no MSG_NOSIGNAL: a client that hangs up must cost its connection, not the server.
    // SAFETY: no handler is installed, the signal is only ignored.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on 127.0.0.1")?;
    let address = listener.local_addr()?;
    let mut event_loop = EventLoop::new(directory, listener, control.as_fd())?;
    tell(&mut say, &Said::Listening(address))?;
    match event_loop.run()? {
        Ended::Stopped(truth) => tell(&mut say, &Said::Truth(truth)),
        Ended::Abandoned => {
            files::remove_left_behind(directory).with_context(|| format!("cannot remove {}", directory.display()))
        }
    }
}

fn tell(say: &mut impl Write, what: &Said) -> Result<()> {
    let line = serde_json::to_string(what)?;
    writeln!(say, "{line}").and_then(|()| say.flush()).context("cannot write to standard output")
}
