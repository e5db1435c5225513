//! Calls into `/dev/null`, which never blocks: of pages that are in memory, and of pages that are not.

use std::{
    fs::{File, OpenOptions},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::fs::{Advice, fadvise};

use super::{
    Source,
    account::{Account, this_tid},
    worker,
};
use crate::{
    model::Tid,
    scratch::{Residency, page_bytes},
    self_test::{
        SLOTS,
        files::{COLD_BYTES, HOT_BYTES},
        known::KnownThread,
    },
};

/// Calls that the process begins with.
const FIRST_CALLS: u64 = 4_000;

/// Calls of the hot thread.
const HOT_CALLS: u64 = 2_000;

/// Of these, every so many-th fails.
const FAILS_EVERY: u64 = 50;

/// Calls of a thread that could be taken for another one.
const NAMESAKE_CALLS: u64 = 7;

/// Pages that are asked for by each of two system calls: at most so many …
const COLD_CALLS: u64 = 200;

/// … and so many at least, however slow the disk is.
const LEAST_COLD_CALLS: u64 = 20;

/// How long cold calls go on at most, beyond the least.
const COLD_FOR: Duration = Duration::from_secs(2);

/// Threads that are started at most to get one with a certain place in a table.
const MOST_THREADS: u32 = 8 * SLOTS;

fn null() -> Result<File> {
    OpenOptions::new().write(true).open("/dev/null").context("cannot open /dev/null")
}

fn hot_offset(n: u64) -> u64 {
    n * page_bytes() % HOT_BYTES
}

/// What the process does first of all.
pub fn first(source: &Source) -> Result<KnownThread> {
    let (mut account, null) = (Account::new()?, null()?);
    for n in 0..FIRST_CALLS {
        account.send(&source.hot, None, hot_offset(n), &null)?;
    }
    Ok(worker(account))
}

/// Calls in memory, some of which fail.
pub fn hot(source: &Source) -> Result<KnownThread> {
    let (mut account, null) = (Account::new()?, null()?);
    // Nobody can write to it.
    let closed = File::open("/dev/null").context("cannot open /dev/null")?;
    for n in 0..HOT_CALLS {
        let to = if n % FAILS_EVERY == 0 { &closed } else { &null };
        account.send(&source.hot, None, hot_offset(n), to)?;
    }
    Ok(worker(account))
}

/// Calls of a thread whose id falls on the place that `other` has in tracer's table of threads.
pub fn in_its_slot(source: &Source, other: Tid) -> Result<KnownThread> {
    let (mut account_of, mut tries) = (None, 0);
    while account_of.is_none() {
        tries += 1;
        if tries > MOST_THREADS {
            bail!("none of {MOST_THREADS} threads got an id that falls on another one's place");
        }
        let piece = || -> Result<Option<KnownThread>> {
            if !(this_tid().0 ^ other.0).is_multiple_of(SLOTS) {
                return Ok(None);
            }
            let (mut account, null) = (Account::new()?, null()?);
            for n in 0..NAMESAKE_CALLS {
                account.send(&source.hot, None, hot_offset(n), &null)?;
            }
            Ok(Some(worker(account)))
        };
        let joined = thread::scope(|scope| scope.spawn(piece).join());
        account_of = joined.map_err(|_| anyhow!("a thread of the known work panicked"))??;
    }
    account_of.context("no such thread")
}

/// Calls on pages that are not in memory, each asked for once, by sendfile and pread64 in turn; and how many pages came into
/// memory beside them.
pub fn cold(source: &Source) -> Result<(KnownThread, u64)> {
    // Without read-ahead each call brings in its own pages alone.
    fadvise(&source.cold, 0, None, Advice::Random).context("cannot do without read-ahead")?;
    let residency = Residency::of(&source.cold).context("mincore failed")?;
    let resident_before = residency.resident_pages().context("mincore failed")?;
    let (mut account, null, began) = (Account::new()?, null()?, Instant::now());
    for n in 0..COLD_CALLS {
        if n >= LEAST_COLD_CALLS && began.elapsed() > COLD_FOR {
            break;
        }
        account.send(&source.cold, Some(&residency), cold_offset(2 * n), &null)?;
        account.read(&source.cold, &residency, cold_offset(2 * n + 1))?;
    }
    let gained = residency.resident_pages().context("mincore failed")?.saturating_sub(resident_before);
    let thread = worker(account);
    let asked_for = thread.sendfile.cold_pages + thread.pread64.cold_pages;
    Ok((thread, gained.saturating_sub(asked_for)))
}

/// Scattered, so that no disk reads ahead of them. The number of pages is a power of two, so an odd factor reaches each once.
fn cold_offset(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b1) % (COLD_BYTES / page_bytes()) * page_bytes()
}
