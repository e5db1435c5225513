//! Calls into a full pipe that nobody drains, or only after the word to go.

use std::{
    fs::File,
    os::fd::AsFd,
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
};

use anyhow::{Context, Result};
use clap::Args;
use tests::{
    os::clock::monotonic_ns,
    truth::{CallTruth, ThreadTruth, Truth},
};

use crate::{
    asleep,
    crew::{self, this_thread},
    meter::Call,
    out::{self, Channel},
    protocol, source,
};

const BYTES: usize = 4096;

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Threads that are stuck already
    #[arg(long, default_value_t = 1)]
    before: usize,
    /// Threads that get stuck after the word to go
    #[arg(long, default_value_t = 1)]
    during: usize,
    /// Threads that are stuck already, and return after the word to go
    #[arg(long, default_value_t = 0)]
    released: usize,
}

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let file = Arc::new(source::hot(directory, "stuck", BYTES as u64)?);
    let block = |count: usize| (0..count).map(|_| Blocked::start(&file)).collect::<Result<Vec<_>>>();
    let before = block(options.before)?;
    let released = block(options.released)?;
    let tids = before.iter().chain(&released).map(|blocked| blocked.thread.tid).collect::<Vec<_>>();
    protocol::ready("stuck", &tids)?;
    let during = block(options.during)?;
    let mut threads = Vec::new();
    for blocked in &released {
        threads.push(blocked.release()?);
    }
    threads.extend(before.iter().chain(&during).map(|blocked| blocked.thread.clone()));
    protocol::done(&Truth { threads })
}

/// A thread inside a call.
struct Blocked {
    channel: Arc<Channel>,
    thread: ThreadTruth,
    returns: Receiver<CallTruth>,
}

impl Blocked {
    /// Returns once the thread sleeps in the call.
    fn start(file: &Arc<File>) -> Result<Self> {
        let channel = Arc::new(Channel::open(out::Kind::Pipe)?);
        channel.fill()?;
        let (hello, hellos) = mpsc::channel();
        let (back, returns) = mpsc::channel();
        crew::spawn({
            let (file, channel) = (Arc::clone(file), Arc::clone(&channel));
            move || -> Result<()> {
                let mut thread = this_thread()?;
                let entered_at_ns = monotonic_ns();
                thread.in_call_since_ns = Some(entered_at_ns);
                hello.send(thread)?;
                let call = Call { source: file.as_fd(), out: channel.room.as_fd(), offset: 0, bytes: BYTES };
                let returned = call.make();
                let latency_ns = monotonic_ns() - entered_at_ns;
                let requested_bytes = BYTES as u64;
                back.send(CallTruth { entered_at_ns, latency_ns, returned, requested_bytes, ..CallTruth::default() })?;
                loop {
                    std::thread::park();
                }
            }
        })?;
        let thread: ThreadTruth = hellos.recv().context("the thread ended before its call")?;
        asleep::wait_for(thread.tid, &[libc::SYS_sendfile])?;
        Ok(Self { channel, thread, returns })
    }

    /// Makes room, and waits for the call to return.
    fn release(&self) -> Result<ThreadTruth> {
        self.channel.empty()?;
        let call = self.returns.recv().context("the thread ended inside its call")?;
        let mut thread = self.thread.clone();
        thread.in_call_since_ns = None;
        thread.count(call.returned);
        thread.each.push(call);
        Ok(thread)
    }
}
