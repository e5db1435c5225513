//! One sendfile call or another piece of work, and what the kernel's other records say about it.

use std::os::fd::BorrowedFd;

use anyhow::{Result, bail};
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

/// How long reading the counters takes at most, with nothing of the kernel in the CPU's caches; on a machine where it never is done
/// in a quarter of that (one that is emulated), four times as long as at best.
const SHELL_AT_MOST_NS: u64 = 100_000;

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

/// How often the readings before a call are tried.
const TRIES: u32 = 1000;

/// How often they are made to know how long they take at best.
const TRIES_FOR_BEST: u32 = 20;

/// The counters just before a call.
struct Before {
    cpu_ns: u64,
    read_from_ns: u64,
    switches: Switches,
    run_delay_ns: u64,
    entered_at_ns: u64,
}

/// Measures the calls of the thread that made it.
pub struct Meter {
    tid: u32,
    schedstat: Schedstat,
    /// `None` where the kernel keeps no such account now.
    taskstats: Option<Taskstats>,
    /// How long reading the counters takes at most here.
    shell_at_most_ns: u64,
}

impl Meter {
    /// For the calling thread.
    pub fn new() -> Result<Self> {
        let taskstats = if Taskstats::is_on() { Some(Taskstats::open()?) } else { None };
        let mut this =
            Self { tid: this_tid(), schedstat: Schedstat::of_this_thread()?, taskstats, shell_at_most_ns: u64::MAX };
        let mut best_ns = u64::MAX;
        for _ in 0..TRIES_FOR_BEST {
            let before = this.before()?;
            best_ns = best_ns.min(before.entered_at_ns - before.read_from_ns);
        }
        this.shell_at_most_ns = SHELL_AT_MOST_NS.max(best_ns * 4);
        Ok(this)
    }

    /// Makes a call, and measures it.
    pub fn measure(&self, call: Call<'_>) -> Result<CallTruth> {
        let truth = self.around(|| Ok(call.make()))?;
        Ok(CallTruth { offset: call.offset, requested_bytes: call.bytes as u64, ..truth })
    }

    /// Does a piece of work, and measures it; it gives the bytes or the negated error number. The readings lie around
    /// the work like shells: what happens between a reading and the work is taken for a part of it.
    pub fn around(&self, work: impl FnOnce() -> Result<i64>) -> Result<CallTruth> {
        let block_io_before = self.block_io()?;
        let before = self.before()?;
        let returned = work()?;
        let left_at_ns = monotonic_ns();
        let run_delay_ns = self.schedstat.run_delay_ns()? - before.run_delay_ns;
        // What the thread lost between the return and this reading is no part of the call.
        let lost_ns = (monotonic_ns() - left_at_ns).saturating_sub(self.shell_at_most_ns);
        let switches = switches();
        let read_until_ns = monotonic_ns();
        let cpu_with_readings_ns = thread_cpu_ns() - before.cpu_ns;
        // A shell that took longer lost the CPU, which costs no CPU time.
        let shell_ns = |wall_ns: u64| wall_ns.min(self.shell_at_most_ns);
        let readings_ns = shell_ns(before.entered_at_ns - before.read_from_ns) + shell_ns(read_until_ns - left_at_ns);
        let block_io = self.block_io()?.zip(block_io_before);
        Ok(CallTruth {
            entered_at_ns: before.entered_at_ns,
            latency_ns: left_at_ns - before.entered_at_ns,
            returned,
            cpu_ns: Some(cpu_with_readings_ns.saturating_sub(readings_ns)),
            disk_sleeps: block_io.map(|(after, before)| after.sleeps - before.sleeps),
            disk_sleep_ns: block_io.map(|(after, before)| after.slept_ns - before.slept_ns),
            run_delay_ns: Some(run_delay_ns.saturating_sub(lost_ns)),
            voluntary_switches: Some(switches.voluntary - before.switches.voluntary),
            involuntary_switches: Some(switches.involuntary - before.switches.involuntary),
            ..CallTruth::default()
        })
    }

    /// The readings before a call. One during which the thread lost the CPU is taken again, so that the loss
    /// is not taken for a part of the call.
    fn before(&self) -> Result<Before> {
        for _ in 0..TRIES {
            // Asking for the CPU time makes the kernel look whether the slice is over; if so, the CPU is lost on
            // the way back. So this comes before the readings that count such a loss.
            let cpu_ns = thread_cpu_ns();
            let read_from_ns = monotonic_ns();
            let switches = switches();
            let run_delay_ns = self.schedstat.run_delay_ns()?;
            let entered_at_ns = monotonic_ns();
            if entered_at_ns - read_from_ns <= self.shell_at_most_ns {
                return Ok(Before { cpu_ns, read_from_ns, switches, run_delay_ns, entered_at_ns });
            }
        }
        bail!("the CPU was lost during {TRIES} readings in a row")
    }

    fn block_io(&self) -> Result<Option<BlockIo>> {
        self.taskstats.as_ref().map(|taskstats| taskstats.block_io(self.tid)).transpose()
    }
}
