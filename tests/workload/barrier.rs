//! Event loops that wait at a barrier for a thread that waits for the disk: in page faults, and in an munmap that
//! removes a deleted file.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Arc, Barrier},
};

use anyhow::{Context, Result};
use clap::Args;
use tests::{
    os::page_cache::{PAGE_BYTES, evict, forbid_read_ahead},
    truth::{ThreadTruth, Truth},
};

use crate::{
    crew::{Crew, Piece, this_thread},
    instance::Instance,
    mapping::Mapping,
    meter::Meter,
    protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Event loops
    #[arg(long, default_value_t = 2)]
    loops: usize,
    /// Page faults, each before everybody meets
    #[arg(long, default_value_t = 40)]
    faults: u64,
    /// A file to delete; its mapping is the last that holds it
    #[arg(long)]
    gone: PathBuf,
}

/// Does it. The order of the threads: the one that waits for the disk, then the event loops.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let (faults, bytes) = (options.faults, options.faults * PAGE_BYTES);
    let cold = source::hot(directory, "cold", bytes)?;
    evict(&cold)?;
    forbid_read_ahead(&cold)?;
    let cold = Mapping::of(&cold, bytes)?;
    let gone = Mapping::of(&File::open(&options.gone).context("opening the file to delete")?, PAGE_BYTES)?;
    fs::remove_file(&options.gone).context("deleting a file")?;
    let barrier = Arc::new(Barrier::new(options.loops + 1));
    let meeting = Arc::clone(&barrier);
    let mut pieces: Vec<Piece> = vec![Box::new(move || hold_up(faults, &cold, gone, &meeting))];
    for _ in 0..options.loops {
        let meeting = Arc::clone(&barrier);
        pieces.push(Box::new(move || turns(faults + 1, &meeting)));
    }
    let crew = Crew::assemble(pieces)?;
    protocol::ready("barrier", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

/// Everybody waits for this thread.
fn hold_up(faults: u64, cold: &Mapping, gone: Mapping, barrier: &Barrier) -> Result<ThreadTruth> {
    let meter = Meter::new()?;
    let mut truth = this_thread()?;
    for page in 0..faults {
        truth.each.push(meter.around(|| cold.touch(page * PAGE_BYTES).map(|()| 0))?);
        barrier.wait();
    }
    truth.each.push(meter.around(|| {
        drop(gone);
        Ok(0)
    })?);
    barrier.wait();
    Ok(truth)
}

fn turns(turns: u64, barrier: &Barrier) -> Result<ThreadTruth> {
    let instance = Instance::of(8, true)?;
    let meter = Meter::new()?;
    let mut truth = this_thread()?;
    for _ in 0..turns {
        truth.calls += 1;
        truth.bytes += instance.wait()? as u64;
        truth.each.push(meter.around(|| {
            barrier.wait();
            Ok(0)
        })?);
    }
    Ok(truth)
}
