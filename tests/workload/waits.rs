//! Disk waits in many system calls and in page faults, one after the other.

use std::{
    fs::{File, OpenOptions},
    io::{IoSliceMut, Write},
    os::{
        fd::AsFd,
        unix::fs::{FileExt, OpenOptionsExt},
    },
    path::Path,
};

use anyhow::{Context, Result};
use clap::Args;
use rustix::{
    fs::{fdatasync, fsync},
    io::{ReadWriteFlags, preadv2},
};
use tests::{
    os::{
        page_cache::{PAGE_BYTES, evict, forbid_read_ahead},
        schedule::switches,
    },
    truth::{ThreadTruth, Truth},
};

use crate::{
    crew::{Crew, this_thread},
    mapping::Mapping,
    protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Times that each kind of call is made
    #[arg(long, default_value_t = 50)]
    calls: u64,
}

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let calls = options.calls;
    let cold = source::hot(directory, "cold", 3 * calls * PAGE_BYTES)?;
    evict(&cold)?;
    forbid_read_ahead(&cold)?;
    let log = OpenOptions::new().create(true).truncate(true).write(true).open(directory.join("log"))?;
    let mut through = OpenOptions::new();
    through.create(true).truncate(true).write(true).custom_flags(libc::O_DSYNC);
    let through = through.open(directory.join("through"))?;
    let crew = Crew::assemble(vec![move || work(calls, &cold, &log, &through)])?;
    protocol::ready("waits", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

fn work(calls: u64, cold: &File, mut log: &File, mut through: &File) -> Result<ThreadTruth> {
    let mut truth = this_thread()?;
    let mut block = [0; PAGE_BYTES as usize];
    // Nobody else touches a page before its turn.
    let pages = |kind: u64| (kind * calls..(kind + 1) * calls).map(|page| page * PAGE_BYTES);
    for offset in pages(0) {
        sleeps(&mut truth, "pread64", || Ok(cold.read_exact_at(&mut block, offset)?))?;
    }
    for offset in pages(1) {
        sleeps(&mut truth, "preadv2", || {
            preadv2(cold, &mut [IoSliceMut::new(&mut block)], offset, ReadWriteFlags::empty())?;
            Ok(())
        })?;
    }
    let mapping = Mapping::of(cold, 3 * calls * PAGE_BYTES)?;
    for offset in pages(2) {
        sleeps(&mut truth, "page_fault", || mapping.touch(offset))?;
    }
    for call in 0..2 * calls {
        // A longer file makes ext4's journal commit.
        log.write_all(&block).context("writing")?;
        if call % 2 == 0 {
            sleeps(&mut truth, "fsync", || Ok(fsync(log.as_fd())?))?;
        } else {
            sleeps(&mut truth, "fdatasync", || Ok(fdatasync(log.as_fd())?))?;
        }
    }
    for _ in 0..calls {
        sleeps(&mut truth, "write", || through.write_all(&block).context("writing through"))?;
    }
    Ok(truth)
}

/// Does a piece of work, and adds the times that it gave up the CPU to those of `name`.
fn sleeps(truth: &mut ThreadTruth, name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let before = switches().voluntary;
    work()?;
    let sleeps = switches().voluntary - before;
    *truth.sleeps_in.entry(name.to_owned()).or_default() += sleeps;
    Ok(())
}
