//! One sendfile call, and what the kernel's other records say about it.

use std::os::fd::BorrowedFd;

use anyhow::Result;
use rustix::fs::sendfile;
use tests::{
    os::{
        clock::{monotonic_ns, thread_cpu_ns},
        schedule::{Schedstat, Switches, switches},
        taskstats::{BlockIo, Taskstats},
    },
    truth::CallTruth,
};

use crate::crew::this_tid;

/// A call to make.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The file.
    pub source: BorrowedFd<'a>,
    /// Where it goes.
    pub out: BorrowedFd<'a>,
    /// First byte of the range.
    pub offset: u64,
    /// Length of the range.
    pub bytes: usize,
}

impl Call<'_> {
    /// Makes it; returns the bytes or the negated error number.
    pub fn make(self) -> i64 {
        let mut offset = self.offset;
        match sendfile(self.out, self.source, Some(&mut offset), self.bytes) {
            Ok(bytes) => i64::try_from(bytes).expect("a range of at most 2 GiB"),
            Err(error) => -i64::from(error.raw_os_error()),
        }
    }
}

/// Measures the calls of the thread that made it.
pub struct Meter {
    tid: u32,
    schedstat: Schedstat,
    /// `None` where the kernel keeps no such account now.
    taskstats: Option<Taskstats>,
}

/// All counters at one moment. None of them is read while a clock runs.
struct Reading {
    block_io: Option<BlockIo>,
    switches: Switches,
    run_delay_ns: u64,
}

impl Meter {
    /// For the calling thread.
    pub fn new() -> Result<Self> {
        let taskstats = if Taskstats::is_on() { Some(Taskstats::open()?) } else { None };
        Ok(Self { tid: this_tid(), schedstat: Schedstat::of_this_thread()?, taskstats })
    }

    /// Makes a call, and measures it.
    pub fn measure(&self, call: Call<'_>) -> Result<CallTruth> {
        let before = self.read()?;
        let cpu_before_ns = thread_cpu_ns();
        let entered_at_ns = monotonic_ns();
        let returned = call.make();
        let left_at_ns = monotonic_ns();
        let cpu_ns = thread_cpu_ns() - cpu_before_ns;
        let after = self.read()?;
        let block_io = before.block_io.zip(after.block_io);
        Ok(CallTruth {
            entered_at_ns,
            latency_ns: left_at_ns - entered_at_ns,
            returned,
            offset: call.offset,
            requested_bytes: call.bytes as u64,
            cpu_ns: Some(cpu_ns),
            disk_sleeps: block_io.map(|(before, after)| after.sleeps - before.sleeps),
            disk_sleep_ns: block_io.map(|(before, after)| after.slept_ns - before.slept_ns),
            run_delay_ns: Some(after.run_delay_ns - before.run_delay_ns),
            voluntary_switches: Some(after.switches.voluntary - before.switches.voluntary),
            involuntary_switches: Some(after.switches.involuntary - before.switches.involuntary),
            ..CallTruth::default()
        })
    }

    fn read(&self) -> Result<Reading> {
        let block_io = match &self.taskstats {
            Some(taskstats) => Some(taskstats.block_io(self.tid)?),
            None => None,
        };
        Ok(Reading { block_io, run_delay_ns: self.schedstat.run_delay_ns()?, switches: switches() })
    }
}
