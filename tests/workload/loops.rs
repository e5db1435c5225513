//! Threads that wait for events, each in a way of its own, and wait for the disk in between.

use std::{fs::File, os::unix::fs::FileExt, path::Path, sync::Arc, thread::sleep, time::Duration};

use anyhow::Result;
use clap::Args;
use rustix::event::epoll::{self, CreateFlags};
use tests::{
    os::page_cache::{PAGE_BYTES, evict, forbid_read_ahead},
    truth::{ThreadTruth, Truth},
};

use crate::{
    crew::{self, Crew, this_thread},
    instance::Instance,
    protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Turns of each thread, each with a cold page
    #[arg(long, default_value_t = 50)]
    turns: u64,
    /// Close each epoll instance when its threads are done
    #[arg(long)]
    close: bool,
}

/// Does it. The order of the threads is that of the truth: an event loop that never sleeps for events, one that
/// waits for its one connection, two on one instance, and a worker.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let turns = options.turns;
    let cold = Arc::new(source::hot(directory, "cold", 5 * turns * PAGE_BYTES)?);
    evict(&cold)?;
    forbid_read_ahead(&cold)?;
    let own = Instance::of(8, true)?;
    // One more waits for nothing at all, and is no event loop.
    let quiet = epoll::create(CreateFlags::CLOEXEC)?;
    crew::spawn(move || epoll::wait(&quiet, rustix::buffer::spare_capacity(&mut Vec::with_capacity(1)), None).is_ok())?;
    let single = Instance::of(1, true)?;
    let shared = Instance::of(8, true)?;
    let instances = [Some(own), Some(single), Some(Arc::clone(&shared)), Some(shared), None];
    // Open until the end, whoever is done first: tracer looks at them now and then.
    let _open = (!options.close).then(|| instances.clone());
    let pieces = (0..).zip(instances).map(|(number, instance)| {
        let cold = Arc::clone(&cold);
        move || work(turns, number, instance.as_deref(), &cold)
    });
    let crew = Crew::assemble(pieces.collect())?;
    protocol::ready("loops", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

fn work(turns: u64, number: u64, instance: Option<&Instance>, cold: &File) -> Result<ThreadTruth> {
    let mut truth = this_thread()?;
    let mut block = [0; PAGE_BYTES as usize];
    for turn in 0..turns {
        if let Some(instance) = instance {
            truth.calls += 1;
            truth.bytes += instance.wait()? as u64;
        }
        cold.read_exact_at(&mut block, (number * turns + turn) * PAGE_BYTES)?;
        sleep(Duration::from_millis(2));
    }
    Ok(truth)
}
