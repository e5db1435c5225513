//! The known work: what the process of the self-test does, piece by piece, and its own account of it.
//!
//! The account comes from mincore, getrusage, schedstat and the results of the calls, and from nothing that traces.

mod account;
mod calls;
mod children;
mod event_loop;
mod held;
mod pollers;
mod splices;

use std::{
    fs::File,
    io::{self, Write as _},
    thread,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use self::account::Account;
use super::known::{Known, KnownThread};
use crate::model::Role;

/// Seconds after which the work is given up.
const AT_MOST_S: u32 = 30;

/// What the pieces work on.
struct Source {
    hot: File,
    cold: File,
}

/// Does the work on the files behind two descriptors, and writes its account to stdout.
///
/// # Errors
/// If a piece of it cannot be done.
pub fn work(hot: i32, cold: i32) -> Result<()> {
    // First of all: a call that is made before the window is open would be missing.
    let open = |number: i32| File::open(format!("/proc/self/fd/{number}")).context("cannot open a file again");
    let source = Source { hot: open(hot)?, cold: open(cold)? };
    let first = calls::first(&source)?;
    end_with_parent()?;
    let mut known = Known::default();
    known.threads.push(first);
    known.threads.extend(children::each_makes_a_call(&source)?);
    let (splicing, splices) = in_thread(|| splices::both_ways(&source))?;
    known.splices = splices;
    let hot_thread = in_thread(|| calls::hot(&source))?;
    let namesake = calls::in_its_slot(&source, hot_thread.tid)?;
    known.threads.extend([hot_thread, namesake]);
    let (cold_thread, read_ahead) = in_thread(|| calls::cold(&source))?;
    known.read_ahead = read_ahead;
    known.cold_bytes = cold_thread.sendfile.bytes + cold_thread.pread64.bytes;
    known.threads.extend([cold_thread, held::held_up(&source)?]);
    let (loop_thread, turns) = event_loop::serve(&source)?;
    known.turns = turns;
    known.threads.push(loop_thread);
    known.threads.extend(pollers::share_events(&source)?);
    let sent: u64 = known.threads.iter().map(|thread| thread.sendfile.bytes).sum();
    let of_cold: u64 =
        known.threads.iter().map(|thread| thread.sendfile.bytes * u64::from(thread.pread64.calls > 0)).sum();
    known.hot_bytes = sent - of_cold + splicing;
    let account = serde_json::to_string(&known).context("cannot write the account")?;
    io::stdout().lock().write_all(account.as_bytes()).context("cannot write the account")
}

/// Whatever happens, nothing goes on without the tracer that started it, nor for ever.
fn end_with_parent() -> Result<()> {
    // SAFETY: sets a timer of this process, whose signal ends it.
    unsafe { libc::alarm(AT_MOST_S) };
    set_parent_process_death_signal(Some(Signal::KILL)).context("cannot end with tracer")?;
    ensure!(getppid().is_some_and(|parent| !parent.is_init()), "tracer has ended");
    Ok(())
}

/// What a piece gives that has a thread of its own.
fn in_thread<T: Send>(piece: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| scope.spawn(piece).join()).map_err(|_| anyhow!("a piece of the known work panicked"))?
}

/// A worker with the account of this thread.
fn worker(account: Account) -> KnownThread {
    account.of_thread(Role::Worker)
}
