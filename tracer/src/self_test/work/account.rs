//! What a thread knows of its calls.

use std::{
    fs::File,
    os::{fd::AsFd, unix::fs::FileExt as _},
    time::Instant,
};

use anyhow::{Context as _, Result};
use rustix::{fs::sendfile, io::Errno};

use crate::{
    model::{Pid, Role, Tid},
    scratch::{Residency, page_bytes},
    self_test::known::{KnownCalls, KnownThread},
};

/// The account of the thread that made it.
pub struct Account {
    schedstat: File,
    sendfile: KnownCalls,
    pread64: KnownCalls,
}

/// What came of a call.
struct Outcome {
    result: Result<usize, Errno>,
    sleeps: u64,
    asleep_ns: u64,
}

impl Account {
    /// Of nothing yet.
    pub fn new() -> Result<Self> {
        let schedstat = File::open("/proc/thread-self/schedstat").context("this kernel keeps no schedstat")?;
        Ok(Self { schedstat, sendfile: KnownCalls::default(), pread64: KnownCalls::default() })
    }

    /// Sends a page of `file`, of which `residency` tells whether it is in memory; without it, it is.
    pub fn send(&mut self, file: &File, residency: Option<&Residency>, offset: u64, to: impl AsFd) -> Result<()> {
        let absent = absent(residency, offset)?;
        let mut at = offset;
        let outcome = self.around(|| sendfile(to, file, Some(&mut at), page_bytes() as usize))?;
        self.sendfile.take(&outcome, absent);
        Ok(())
    }

    /// Reads a page of `file`, likewise.
    pub fn read(&mut self, file: &File, residency: &Residency, offset: u64) -> Result<()> {
        let absent = absent(Some(residency), offset)?;
        let mut page = vec![0; page_bytes() as usize];
        let outcome = self.around(|| rustix::io::pread(file, &mut page, offset))?;
        self.pread64.take(&outcome, absent);
        Ok(())
    }

    /// Who this thread is, and what it did.
    pub fn of_thread(self, role: Role) -> KnownThread {
        KnownThread {
            pid: Pid(std::process::id()),
            tid: this_tid(),
            role,
            sendfile: self.sendfile,
            pread64: self.pread64,
        }
    }

    fn around(&self, call: impl FnOnce() -> Result<usize, Errno>) -> Result<Outcome> {
        let delay_before_ns = self.run_delay_ns()?;
        let sleeps_before = voluntary_switches();
        let began = Instant::now();
        let result = call();
        let took_ns = began.elapsed().as_nanos() as u64;
        let sleeps = voluntary_switches() - sleeps_before;
        let waited_for_cpu_ns = self.run_delay_ns()? - delay_before_ns;
        Ok(Outcome { result, sleeps, asleep_ns: took_ns.saturating_sub(waited_for_cpu_ns) })
    }

    /// How long the thread has waited for a CPU since its start, ns.
    fn run_delay_ns(&self) -> Result<u64> {
        let mut text = [0; 128];
        let length = self.schedstat.read_at(&mut text, 0).context("cannot read schedstat")?;
        let text = String::from_utf8_lossy(&text[..length]);
        text.split_whitespace().nth(1).and_then(|field| field.parse().ok()).context("schedstat has no second figure")
    }
}

impl KnownCalls {
    fn take(&mut self, outcome: &Outcome, absent_pages: u64) {
        self.calls += 1;
        match outcome.result {
            Ok(bytes) => self.bytes += bytes as u64,
            Err(_) => self.errors += 1,
        }
        self.cold_pages += absent_pages;
        if absent_pages > 0 {
            self.slept_for_disk += u64::from(outcome.sleeps > 0);
            self.disk_sleeps += outcome.sleeps;
        } else if outcome.sleeps > 0 {
            self.slept_otherwise += 1;
            self.asleep_otherwise_ns += outcome.asleep_ns;
        }
    }
}

/// This thread.
pub fn this_tid() -> Tid {
    Tid(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs())
}

fn absent(residency: Option<&Residency>, offset: u64) -> Result<u64> {
    residency.map_or(Ok(0), |residency| residency.absent_pages(offset, page_bytes())).context("mincore failed")
}

/// How often this thread has given up its CPU to sleep.
fn voluntary_switches() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel writes to `usage`; zeros are a valid value, should it not.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr());
        usage.assume_init()
    };
    usage.ru_nvcsw.unsigned_abs()
}
