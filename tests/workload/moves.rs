//! An event loop that moves to another epoll instance, as one does that is configured anew.

use std::{path::Path, thread::sleep, time::Duration};

use anyhow::Result;
use clap::Args;
use tests::truth::{ThreadTruth, Truth};

use crate::{
    crew::{Crew, this_thread},
    instance::Instance,
    protocol,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Waits on the first instance
    #[arg(long)]
    before: u64,
    /// Waits on the other one
    #[arg(long)]
    after: u64,
}

/// Sockets that each instance watches, all of them readable.
const SOCKETS: [u64; 2] = [8, 12];

/// Does it.
pub fn run(options: &Options, _directory: &Path) -> Result<()> {
    let options = options.clone();
    let crew = Crew::assemble(vec![move || work(&options)])?;
    protocol::ready("moves", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

fn work(options: &Options) -> Result<ThreadTruth> {
    let mut truth = this_thread()?;
    let instances = [Instance::of(SOCKETS[0], true)?, Instance::of(SOCKETS[1], true)?];
    for (instance, waits) in instances.iter().zip([options.before, options.after]) {
        for _ in 0..waits {
            truth.calls += 1;
            truth.bytes += instance.wait()? as u64;
            sleep(Duration::from_millis(2));
        }
    }
    Ok(truth)
}
