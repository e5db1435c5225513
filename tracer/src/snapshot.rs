//! What was collected, as plain data: the seam between the kernel and the analysis.

use jiff::Timestamp;
use tracer_common::{
    records::{CallStats, SleepingTask, ThreadSlot},
    syscall::Syscall,
};

use crate::model::{Histogram, Host, Interval, Probe, ProbeStatus, Target};

/// Everything that one window left behind.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Where.
    pub host: Host,
    /// Whom.
    pub target: Target,
    /// Wall clock when the window opened.
    pub start: Timestamp,
    /// CLOCK_MONOTONIC when it opened, ns.
    pub opened_ns: u64,
    /// CLOCK_MONOTONIC when it closed, ns.
    pub closed_ns: u64,
    /// From when on a call is slow, ns.
    pub threshold_ns: u64,
    /// Share of the window from which on disk waits block an event loop.
    pub blocked_share: f64,
    /// The probes, with what they missed.
    pub probes: Vec<Probe>,
    /// What could not be counted, all CPUs.
    pub losses: tracer_common::records::Losses,
    /// Threads with a slot.
    pub threads: Vec<ThreadData>,
    /// What is known per traced system call.
    pub syscalls: Vec<SyscallData>,
    /// Threads asleep when the window closed; `None` where the kernel does not list them.
    pub asleep: Option<Vec<SleepingTask>>,
    /// The window in pieces.
    pub intervals: Vec<Interval>,
}

/// A thread's slot and its calls.
#[derive(Clone, Debug)]
pub struct ThreadData {
    /// What it did, whatever the system call.
    pub slot: ThreadSlot,
    /// What it did with each traced system call, in the order of [`Snapshot::syscalls`].
    pub calls: Vec<Box<CallStats>>,
    /// Its name now; `None` if it has ended.
    pub comm_now: Option<String>,
}

/// A traced system call beyond what its threads say. All CPUs together.
#[derive(Clone, Debug)]
pub struct SyscallData {
    /// Which.
    pub syscall: Syscall,
    /// Failed calls by errno, those that occurred; 0 is an errno beyond what is told apart.
    pub errors: Vec<(u32, u64)>,
    /// Latency of disk-blocked calls.
    pub disk: Histogram,
    /// … of calls that slept for something else.
    pub other: Histogram,
    /// … of calls that only lost the CPU.
    pub runqueue: Histogram,
    /// Latency less the disk part, of disk-blocked calls.
    pub without_disk: Histogram,
}

impl Snapshot {
    /// How long the window was, ns.
    #[must_use]
    pub fn duration_ns(&self) -> u64 {
        self.closed_ns.saturating_sub(self.opened_ns)
    }

    /// Whether the probe of this name observes.
    #[must_use]
    pub fn is_attached(&self, name: &str) -> bool {
        self.probes.iter().any(|probe| probe.name == name && probe.status == ProbeStatus::Attached)
    }
}
