//! Event loops, each with its own connections and a kind of work that fills its turns.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::fd::AsFd,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use rustix::fs::fsync;
use tests::{
    os::{
        clock::thread_cpu_ns,
        page_cache::{PAGE_BYTES, PageCache, evict, forbid_read_ahead},
        schedule::{become_real_time, pin_to},
    },
    truth::{ThreadTruth, Truth},
};

use crate::{
    burners::Burners,
    crew::{self, Crew, this_thread},
    instance::Instance,
    mapping::Mapping,
    meter::Meter,
    protocol, source,
};

/// How long a turn lasts that does not wait for the disk.
const HOLD: Duration = Duration::from_millis(5);

/// CPU time of a turn that wants to compute.
const COMPUTE_NS: u64 = 1_000_000;

/// Who starves shares this CPU with the burners.
const CROWDED_CPU: usize = 0;

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Turns of each event loop
    #[arg(long, default_value_t = 40)]
    turns: u64,
    /// An event loop for each
    #[arg(long, value_enum, value_delimiter = ',', default_value = "page-fault")]
    work: Vec<Kind>,
}

/// What a turn does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Touches a cold page of a mapped file, in the real-time class
    PageFault,
    /// Makes a file longer, and waits until it is on the disk, in the real-time class
    Fsync,
    /// Sleeps
    Nanosleep,
    /// Waits for a lock that another thread holds
    Lock,
    /// Computes, on a CPU that others want all the time
    Starved,
}

/// Does it. The order of the threads is that of the kinds.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let pieces = options.work.iter().map(|kind| {
        let (options, work) = (options.clone(), Work::prepare(*kind, options.turns, directory)?);
        Ok(move || turns(&options, work))
    });
    let crew = Crew::assemble(pieces.collect::<Result<Vec<_>>>()?)?;
    protocol::ready("turns", crew.tids())?;
    let crowd = if options.work.contains(&Kind::Starved) { 2 } else { 0 };
    let burners = Burners::start(crowd, CROWDED_CPU)?;
    let threads = crew.work()?;
    drop(burners);
    protocol::done(&Truth { threads })
}

fn turns(options: &Options, mut work: Work) -> Result<ThreadTruth> {
    // Its connections stay readable: so each wait gives a turn, and none sleeps.
    let instance = Instance::of(8, true)?;
    work.begin()?;
    let meter = Meter::new()?;
    let mut truth = this_thread()?;
    for turn in 0..options.turns {
        truth.calls += 1;
        truth.bytes += instance.wait()? as u64;
        let cached_before = work.is_cached(turn)?;
        let done = meter.around(|| work.turn(turn).map(|()| 0))?;
        truth.each.push(tests::truth::CallTruth { cached_before, ..done });
    }
    Ok(truth)
}

/// What a kind of work needs.
enum Work {
    PageFault { mapping: Mapping, cache: PageCache },
    Fsync { log: File },
    Nanosleep,
    Lock(Holder),
    Starved,
}

impl Work {
    fn prepare(kind: Kind, turns: u64, directory: &Path) -> Result<Self> {
        Ok(match kind {
            Kind::PageFault => {
                let bytes = turns * PAGE_BYTES;
                let file = source::hot(directory, "mapped", bytes)?;
                evict(&file)?;
                forbid_read_ahead(&file)?;
                Self::PageFault { mapping: Mapping::of(&file, bytes)?, cache: PageCache::of(&file)? }
            }
            Kind::Fsync => {
                let path = directory.join("log");
                let log = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
                Self::Fsync { log }
            }
            Kind::Nanosleep => Self::Nanosleep,
            Kind::Lock => Self::Lock(Holder::start()?),
            Kind::Starved => Self::Starved,
        })
    }

    /// What its own thread has to do first.
    fn begin(&self) -> Result<()> {
        match self {
            Self::Starved => pin_to(CROWDED_CPU),
            // What is left of a turn's time when it neither ran nor slept should be nothing.
            Self::PageFault { .. } | Self::Fsync { .. } => become_real_time(),
            Self::Nanosleep | Self::Lock(_) => Ok(()),
        }
    }

    /// Whether the page that a turn will touch is in memory.
    fn is_cached(&self, turn: u64) -> Result<Option<bool>> {
        let Self::PageFault { cache, .. } = self else { return Ok(None) };
        let page = usize::try_from(turn)?;
        Ok(Some(cache.cached(page..page + 1) == [true]))
    }

    fn turn(&mut self, turn: u64) -> Result<()> {
        match self {
            Self::PageFault { mapping, .. } => mapping.touch(turn * PAGE_BYTES)?,
            Self::Fsync { log } => {
                log.write_all(&[0; PAGE_BYTES as usize]).context("writing")?;
                fsync(log.as_fd())?;
            }
            Self::Nanosleep => sleep(HOLD),
            Self::Lock(holder) => holder.wait()?,
            Self::Starved => {
                let until_ns = thread_cpu_ns() + COMPUTE_NS;
                while thread_cpu_ns() < until_ns {}
            }
        }
        Ok(())
    }
}

/// A thread that holds a lock for a while, as often as it is asked to.
struct Holder {
    lock: Arc<Mutex<()>>,
    ask: Sender<()>,
    held: Receiver<()>,
}

impl Holder {
    fn start() -> Result<Self> {
        let lock = Arc::new(Mutex::new(()));
        let (ask, asked) = mpsc::channel();
        let (hold, held) = mpsc::channel();
        let this = Self { lock: Arc::clone(&lock), ask, held };
        crew::spawn(move || -> Result<()> {
            while asked.recv().is_ok() {
                let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
                hold.send(())?;
                sleep(HOLD);
                drop(guard);
            }
            Ok(())
        })?;
        Ok(this)
    }

    /// Waits until the other thread gives up the lock.
    fn wait(&self) -> Result<()> {
        self.ask.send(())?;
        self.held.recv()?;
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
}
