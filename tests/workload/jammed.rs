//! An event loop that takes events all along, until it gets stuck in one call on a disk that hardly moves: others
//! have asked that disk before.

use std::{
    fs::File,
    os::{fd::AsFd, unix::fs::FileExt},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use tests::{
    os::{
        clock::monotonic_ns,
        page_cache::{PAGE_BYTES, evict, forbid_read_ahead},
    },
    truth::{ThreadTruth, Truth},
};

use crate::{
    asleep,
    crew::{self, this_thread},
    instance::Instance,
    meter::Call,
    out::{self, Sink},
    protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Others that ask the disk before the event loop does, for a page each
    #[arg(long, default_value_t = 0)]
    ahead: u64,
    /// They are threads of this process, not processes of their own
    #[arg(long)]
    as_threads: bool,
    /// What it gets stuck in
    #[arg(long, value_enum, default_value = "pread64")]
    call: Kind,
}

/// The call on a cold page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A read
    Pread64,
    /// Sent to /dev/null
    Sendfile,
}

impl Kind {
    fn number(self) -> libc::c_long {
        match self {
            Self::Pread64 => libc::SYS_pread64,
            Self::Sendfile => libc::SYS_sendfile,
        }
    }

    fn make(self, cold: &File, page: u64) -> Result<()> {
        let offset = page * PAGE_BYTES;
        match self {
            Self::Pread64 => cold.read_exact_at(&mut [0; PAGE_BYTES as usize], offset)?,
            Self::Sendfile => {
                let null = Sink::open(out::Kind::Null)?;
                Call { source: cold.as_fd(), out: null.as_fd(), offset, bytes: PAGE_BYTES as usize }.make();
            }
        }
        Ok(())
    }
}

/// A process that reads one page; see [`run_page`].
#[derive(Args, Clone)]
pub struct PageOptions {
    /// Which
    #[arg(long)]
    page: u64,
}

/// Reads one page of the cold file.
pub fn run_page(options: &PageOptions, directory: &Path) -> Result<()> {
    let cold = File::open(directory.join(COLD)).context("opening the cold file")?;
    forbid_read_ahead(&cold)?;
    Kind::Pread64.make(&cold, options.page)
}

/// Lets a process read a page; it ends when it has.
fn process_ahead(directory: &Path, page: u64) -> Result<u32> {
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    command.args(["page", "--page", &page.to_string(), "--directory"]).arg(directory).stdin(Stdio::null());
    Ok(command.stdout(Stdio::null()).spawn().context("starting a process")?.id())
}

/// Lets a thread read a page.
fn thread_ahead(cold: &Arc<File>, page: u64) -> Result<u32> {
    let (hello, hellos) = mpsc::channel();
    let cold = Arc::clone(cold);
    crew::spawn(move || -> Result<()> {
        hello.send(this_thread()?)?;
        Kind::Pread64.make(&cold, page)
    })?;
    Ok(hellos.recv().context("a thread has ended")?.tid)
}

/// Name of the cold file.
const COLD: &str = "cold";

/// Does it, and says so once the event loop is stuck. It takes events again when its call has returned.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let (ahead, call) = (options.ahead, options.call);
    let cold = Arc::new(source::hot(directory, COLD, (ahead + 1) * PAGE_BYTES)?);
    evict(&cold)?;
    forbid_read_ahead(&cold)?;
    let get_stuck = Arc::new(AtomicBool::new(false));
    let (hello, hellos) = mpsc::channel();
    crew::spawn({
        let (cold, get_stuck) = (Arc::clone(&cold), Arc::clone(&get_stuck));
        move || -> Result<()> {
            let instance = Instance::of(8, true)?;
            hello.send(this_thread()?)?;
            loop {
                instance.wait()?;
                if get_stuck.swap(false, Ordering::Relaxed) {
                    call.make(&cold, ahead)?;
                }
                sleep(Duration::from_millis(1));
            }
        }
    })?;
    let mut event_loop: ThreadTruth = hellos.recv().context("the event loop has ended")?;
    protocol::ready("jammed", &[event_loop.tid])?;
    for page in 0..ahead {
        let tid = if options.as_threads { thread_ahead(&cold, page)? } else { process_ahead(directory, page)? };
        asleep::wait_for(tid, &[libc::SYS_pread64])?;
    }
    event_loop.in_call_since_ns = Some(monotonic_ns());
    get_stuck.store(true, Ordering::Relaxed);
    asleep::wait_for(event_loop.tid, &[call.number()])?;
    protocol::done(&Truth { threads: vec![event_loop] })
}
