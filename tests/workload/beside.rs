//! An event loop that reads a cold page in each turn, and a thread that is parked on the same epoll instance and never
//! takes an event, as in Node.js.

use std::{
    fs::File,
    io::Read,
    os::unix::fs::FileExt,
    path::Path,
    sync::{Arc, mpsc},
};

use anyhow::{Context, Result};
use clap::Args;
use tests::{
    os::{
        page_cache::{PAGE_BYTES, evict, forbid_read_ahead},
        schedule::switches,
    },
    truth::{ThreadTruth, Truth},
};

use crate::{
    asleep,
    crew::{self, Crew, Piece, this_thread, this_tid},
    instance::Instance,
    protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Turns of the event loop
    #[arg(long, default_value_t = 40)]
    turns: u64,
}

/// Does it. The order of the threads: the event loop, its client, the parked one.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let turns = options.turns;
    let cold = source::hot(directory, "cold", turns * PAGE_BYTES)?;
    evict(&cold)?;
    forbid_read_ahead(&cold)?;
    // An event that is told of until it is taken would wake the parked thread too.
    let instance = Instance::edge_triggered(8)?;
    let parked = park(&instance)?;
    let (hello, taker) = mpsc::channel();
    let (of_taker, of_client) = (Arc::clone(&instance), instance);
    let pieces: Vec<Piece> = vec![
        Box::new(move || {
            hello.send(this_tid())?;
            take(turns, &of_taker, &cold)
        }),
        Box::new(move || ask(turns, &of_client, taker.recv().context("the event loop has ended")?)),
    ];
    let crew = Crew::assemble(pieces)?;
    protocol::ready("beside", crew.tids())?;
    let mut threads = crew.work()?;
    threads.push(parked);
    protocol::done(&Truth { threads })
}

/// Starts the thread that is parked, and returns when it is. It went to sleep first: so the kernel, which wakes the
/// latest one, never wakes it.
fn park(instance: &Arc<Instance>) -> Result<ThreadTruth> {
    let (hello, hellos) = mpsc::channel();
    let instance = Arc::clone(instance);
    crew::spawn(move || -> Result<()> {
        hello.send(this_thread()?)?;
        instance.park()?;
        // What it was to show is not so.
        std::process::abort()
    })?;
    let thread = hellos.recv().context("the thread to be parked has ended")?;
    asleep::wait_for(thread.tid, &asleep::on_epoll())?;
    Ok(thread)
}

fn take(turns: u64, instance: &Instance, cold: &File) -> Result<ThreadTruth> {
    let mut truth = this_thread()?;
    let mut block = [0; PAGE_BYTES as usize];
    while truth.calls < turns {
        let ready = instance.take()?;
        if ready.is_empty() {
            continue;
        }
        for connection in &ready {
            (&instance.connections()[*connection].server).read_exact(&mut [0])?;
        }
        let before = switches().voluntary;
        cold.read_exact_at(&mut block, truth.calls * PAGE_BYTES)?;
        *truth.sleeps_in.entry("pread64".to_owned()).or_default() += switches().voluntary - before;
        truth.calls += 1;
        truth.bytes += ready.len() as u64;
    }
    Ok(truth)
}

/// The client: asks when the event loop waits, and no sooner: else the parked thread would be woken.
fn ask(turns: u64, instance: &Instance, taker: u32) -> Result<ThreadTruth> {
    for (_, connection) in (0..turns).zip(instance.connections().iter().cycle()) {
        asleep::wait_for(taker, &asleep::on_epoll())?;
        connection.request()?;
        // Until it has been woken, it would seem to wait still.
        while rustix::io::ioctl_fionread(&connection.server)? > 0 {
            std::thread::yield_now();
        }
    }
    this_thread()
}
