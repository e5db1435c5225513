//! An event loop that hands each request over to a pool of threads, which send the file.

use std::{
    fs::File,
    io::Read,
    os::fd::AsFd,
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
};

use anyhow::{Context, Result};
use clap::Args;
use tests::{
    os::page_cache::{PAGE_BYTES, PageCache, evict, forbid_read_ahead},
    truth::{CallTruth, ThreadTruth, Truth},
};

use crate::{
    crew::{self, Crew, Piece, this_thread},
    instance::Instance,
    meter::{Call, Meter},
    protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Threads of the pool
    #[arg(long, default_value_t = 3)]
    workers: usize,
    /// Clients, each with a connection of its own
    #[arg(long, default_value_t = 6)]
    clients: u64,
    /// Requests of each client, one after the other, each for a cold page
    #[arg(long, default_value_t = 40)]
    requests: u64,
}

/// A page that a connection has asked for.
struct Job {
    connection: usize,
    offset: u64,
}

/// Does it. The order of the threads: the event loop, then the pool.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let all = options.clients * options.requests;
    let cold = Arc::new(source::hot(directory, "cold", all * PAGE_BYTES)?);
    evict(&cold)?;
    forbid_read_ahead(&cold)?;
    let instance = Instance::of(options.clients, false)?;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..options.workers).map(|_| mpsc::channel()).unzip();
    let front = Arc::clone(&instance);
    let mut pieces: Vec<Piece> = vec![Box::new(move || hand_over(all, &front, &senders))];
    for jobs in receivers {
        let (instance, cold) = (Arc::clone(&instance), Arc::clone(&cold));
        pieces.push(Box::new(move || send(&jobs, &instance, &cold)));
    }
    let crew = Crew::assemble(pieces)?;
    protocol::ready("front", crew.tids())?;
    for number in 0..usize::try_from(options.clients)? {
        let (instance, requests) = (Arc::clone(&instance), options.requests);
        crew::spawn(move || ask(requests, number, &instance))?;
    }
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

/// A client: asks, and takes the answer.
fn ask(requests: u64, number: usize, instance: &Instance) -> Result<()> {
    let connection = &instance.connections()[number];
    let mut page = [0; PAGE_BYTES as usize];
    for _ in 0..requests {
        connection.request()?;
        (&connection.client).read_exact(&mut page)?;
    }
    Ok(())
}

/// The event loop, until all requests are handed over.
fn hand_over(all: u64, instance: &Instance, pool: &[Sender<Job>]) -> Result<ThreadTruth> {
    let mut truth = this_thread()?;
    let meter = Meter::new()?;
    let mut handed_over = 0;
    while handed_over < all {
        let ready = instance.take()?;
        if ready.is_empty() {
            continue;
        }
        truth.calls += 1;
        truth.bytes += ready.len() as u64;
        truth.each.push(meter.around(|| {
            for connection in ready {
                (&instance.connections()[connection].server).read_exact(&mut [0])?;
                let job = Job { connection, offset: handed_over * PAGE_BYTES };
                pool[connection % pool.len()].send(job).context("a thread of the pool has ended")?;
                handed_over += 1;
            }
            Ok(0)
        })?);
    }
    Ok(truth)
}

/// A thread of the pool, until the event loop has ended.
fn send(jobs: &Receiver<Job>, instance: &Instance, cold: &File) -> Result<ThreadTruth> {
    let cache = PageCache::of(cold)?;
    let meter = Meter::new()?;
    let mut truth = this_thread()?;
    for Job { connection, offset } in jobs {
        let page = usize::try_from(offset / PAGE_BYTES)?;
        let cached_before = Some(cache.cached(page..page + 1) == [true]);
        let out = instance.connections()[connection].server.as_fd();
        let call = meter.measure(Call { source: cold.as_fd(), out, offset, bytes: PAGE_BYTES as usize })?;
        truth.count(call.returned);
        truth.each.push(CallTruth { cached_before, ..call });
    }
    Ok(truth)
}
