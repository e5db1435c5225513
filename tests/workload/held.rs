//! Calls into a full pipe or socket, to which a peer makes room after a while.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::Path,
    sync::mpsc::{self, Receiver, Sender},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use tests::{
    os::{
        clock::monotonic_ns,
        page_cache::{evict, forbid_read_ahead},
        schedule::become_real_time,
    },
    truth::Truth,
};

use crate::{
    crew::{self, Crew, this_thread},
    meter::{Call, Meter},
    out::{self, Channel},
    protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Calls to make
    #[arg(long, default_value_t = 40)]
    calls: usize,
    /// Bytes a call
    #[arg(long, default_value_t = 4096)]
    bytes: usize,
    /// How long each call is held up, in microseconds
    #[arg(long, default_value_t = 5000)]
    hold_us: u64,
    /// What is full
    #[arg(long, value_enum, default_value = "pipe")]
    out: out::Kind,
    /// Each call finds its pages on the disk
    #[arg(long)]
    cold: bool,
    /// The caller is in the real-time class
    #[arg(long)]
    real_time: bool,
}

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let file = source::hot(directory, "held", (options.bytes * options.calls) as u64)?;
    if options.cold {
        evict(&file)?;
        forbid_read_ahead(&file)?;
    }
    let channel = Channel::open(options.out)?;
    let hold = Duration::from_micros(options.hold_us);
    let peer = Peer::start(channel.drain.try_clone()?, hold)?;
    let work = {
        let options = options.clone();
        move || {
            if options.real_time {
                become_real_time()?;
            }
            let meter = Meter::new()?;
            let mut truth = this_thread()?;
            for index in 0..options.calls {
                channel.fill()?;
                peer.expect_a_call()?;
                let call = Call {
                    source: file.as_fd(),
                    out: channel.room.as_fd(),
                    offset: (index * options.bytes) as u64,
                    bytes: options.bytes,
                };
                let mut call = meter.measure(call)?;
                call.held_ns = Some(peer.released_at_ns()?.saturating_sub(call.entered_at_ns));
                channel.empty()?;
                truth.count(call.returned);
                truth.each.push(call);
            }
            Ok(truth)
        }
    };
    let crew = Crew::assemble(vec![work])?;
    protocol::ready("held", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

/// The thread that makes room.
struct Peer {
    calls: Sender<()>,
    releases: Receiver<u64>,
}

impl Peer {
    fn start(drain: OwnedFd, hold: Duration) -> Result<Self> {
        let (calls, expected) = mpsc::channel();
        let (release, releases) = mpsc::channel();
        crew::spawn(move || -> Result<()> {
            while expected.recv().is_ok() {
                std::thread::sleep(hold);
                let released_at_ns = monotonic_ns();
                out::empty(&drain)?;
                release.send(released_at_ns)?;
            }
            Ok(())
        })?;
        Ok(Self { calls, releases })
    }

    fn expect_a_call(&self) -> Result<()> {
        self.calls.send(()).context("the peer has gone")
    }

    fn released_at_ns(&self) -> Result<u64> {
        self.releases.recv().context("the peer has gone")
    }
}
