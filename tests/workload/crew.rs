//! Threads that exist before the work, do it at the same time, and stay until the process ends.

use std::sync::{
    Arc, Barrier,
    mpsc::{self, Receiver},
};

use anyhow::{Context, Result};
use tests::{os::schedule::stat_field, truth::ThreadTruth};

/// Enough for a thread that makes calls, so that a thousand of them fit anywhere.
const STACK_BYTES: usize = 256 * 1024;

/// Field number of `starttime` in proc(5).
const START_TIME: usize = 22;

/// What a thread of a crew does, where they do different things.
pub type Piece = Box<dyn FnOnce() -> Result<ThreadTruth> + Send>;

/// A crew that waits at its gate.
pub struct Crew {
    tids: Vec<u32>,
    gate: Arc<Barrier>,
    results: Receiver<(usize, Result<ThreadTruth>)>,
}

impl Crew {
    /// Starts one thread for each piece of work.
    pub fn assemble<W>(pieces: Vec<W>) -> Result<Self>
    where
        W: FnOnce() -> Result<ThreadTruth> + Send + 'static,
    {
        let gate = Arc::new(Barrier::new(pieces.len() + 1));
        let (hello, arrivals) = mpsc::channel();
        let (report, results) = mpsc::channel();
        let count = pieces.len();
        for (index, work) in pieces.into_iter().enumerate() {
            let (gate, hello, report) = (Arc::clone(&gate), hello.clone(), report.clone());
            spawn(move || {
                let sent = hello.send(this_tid());
                gate.wait();
                let told = report.send((index, work()));
                // Not an error worth a word: the process is on its way out.
                if sent.is_ok() && told.is_ok() {
                    loop {
                        std::thread::park();
                    }
                }
            })?;
        }
        let tids = arrivals.iter().take(count).collect();
        Ok(Self { tids, gate, results })
    }

    /// The threads' ids.
    pub fn tids(&self) -> &[u32] {
        &self.tids
    }

    /// Lets all of them go, and waits for what they did.
    pub fn work(self) -> Result<Vec<ThreadTruth>> {
        self.gate.wait();
        let mut all = self.results.iter().take(self.tids.len()).collect::<Vec<_>>();
        all.sort_by_key(|(index, _)| *index);
        all.into_iter().map(|(_, truth)| truth).collect()
    }
}

/// Starts a thread with a small stack.
pub fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<std::thread::JoinHandle<T>> {
    let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
    builder.spawn(work).context("starting a thread")
}

/// The calling thread's id.
pub fn this_tid() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs()
}

/// The calling thread, with nothing done yet.
pub fn this_thread() -> Result<ThreadTruth> {
    let tid = this_tid();
    let start_ticks = stat_field(tid, START_TIME)?.parse()?;
    Ok(ThreadTruth { tid, start_ticks, ..ThreadTruth::default() })
}
