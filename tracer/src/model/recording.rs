//! One measurement as a whole.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    EventLoop, IntervalLoop, Losses, PageCache, Pid, Probe, Run, SlowCallRecord, Stack, SyscallRecord, ThreadRecord,
    Verdict,
};

/// Version of the contract.
pub const SCHEMA_VERSION: u32 = 1;

/// One measurement: whom it watched, how, what it saw, and what that means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recording {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// Where it was measured.
    pub hosts: Vec<Host>,
    /// The user's own marks.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What was measured, by the names of the commands; absent in recordings that do not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<String>,
    /// Whom it watched.
    pub target: Target,
    /// When.
    pub window: Window,
    /// A call of at least this is slow.
    pub threshold_ns: u64,
    /// Share of the window from which on an event loop's disk waits make it blocked.
    pub blocked_share: f64,
    /// What observed.
    pub probes: Vec<Probe>,
    /// What could not be counted.
    pub losses: Losses,
    /// What the traced system calls did.
    pub syscalls: Vec<SyscallRecord>,
    /// Threads that made traced calls or waited for the disk.
    #[serde(default)]
    pub threads: Vec<ThreadRecord>,
    /// The event loops of the target, those that waited longest for the disk first.
    #[serde(default)]
    pub event_loops: Vec<EventLoop>,
    /// The longest of the slow and disk-blocked calls, in the order of their entry.
    #[serde(default)]
    pub slow_calls: Vec<SlowCallRecord>,
    /// Where threads waited for the disk, worst first; absent if stacks were not wanted. Their sums are those of `threads`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stacks: Option<Vec<Stack>>,
    /// What was read through the page cache; absent where files were not told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_cache: Option<PageCache>,
    /// The window cut into pieces, whose sums are the whole.
    #[serde(default)]
    pub intervals: Vec<Interval>,
    /// The answer.
    pub verdict: Verdict,
    /// The measurements that were merged into it, in the order of their windows; empty for a single one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
}

impl Recording {
    /// The time that was measured, ns: that of all runs together, which may overlap or lie apart.
    #[must_use]
    pub fn measured_ns(&self) -> u64 {
        match self.runs.as_slice() {
            [] => self.window.duration_ns,
            runs => runs.iter().map(|run| run.window.duration_ns).fold(0, u64::saturating_add),
        }
    }
}

/// The program that wrote a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `tracer`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This program.
    #[must_use]
    pub fn this() -> Self {
        Self { name: "tracer".into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Node name.
    pub hostname: String,
    /// Kernel release.
    pub kernel: String,
    /// Machine architecture.
    pub arch: String,
    /// CPUs online.
    pub cpus: u32,
    /// Tells two boots apart.
    pub boot_id: String,
}

/// Whom a measurement watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The options that chose it.
    pub selector: String,
    /// The processes that they stood for, and those that became targets while the window was open: 10,000 at most.
    pub processes: Vec<Process>,
    /// How many more were measured; absent if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes_unlisted: Option<u64>,
    /// Whether the target ended before the window did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<bool>,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// The host, as [`Run::hostname`](super::Run::hostname) has it; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Its id.
    pub pid: Pid,
    /// The kernel's name for it.
    pub comm: String,
    /// Its arguments, joined by spaces; null if they cannot be read.
    pub command_line: Option<String>,
    /// CLOCK_BOOTTIME at its start, to a clock tick.
    pub start_time_ns: u64,
}

/// The time that was measured. That of a merged recording spans its runs' windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// Wall clock at its start.
    #[schemars(with = "String")]
    pub start: Timestamp,
    /// How long it was.
    pub duration_ns: u64,
}

/// A piece of the window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// The host, as [`Run::hostname`](super::Run::hostname) has it; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Its start, from the window's.
    pub at_ns: u64,
    /// How long it was.
    pub duration_ns: u64,
    /// What returned in it.
    pub syscalls: Vec<IntervalSyscall>,
    /// What the event loops did in it; those that did nothing are left out.
    #[serde(default)]
    pub event_loops: Vec<IntervalLoop>,
}

/// What one system call did in a piece of the window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct IntervalSyscall {
    /// Its name.
    pub name: String,
    /// From what to what it moves data, for splice and its kin (`file_to_pipe`, …): each direction is a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// Calls that returned.
    pub calls: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Slow calls.
    pub slow: u64,
    /// Disk-blocked calls.
    pub disk_blocked: u64,
    /// The disk part.
    pub disk_wait_ns: u64,
    /// Latency of all calls.
    pub latency: SparseHistogram,
    /// Latency of the disk-blocked calls.
    pub disk: SparseHistogram,
}

/// A histogram's buckets alone, `[low, high, count]`, in ns.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SparseHistogram {
    /// The non-empty ones, in order.
    pub buckets: Vec<(u64, u64, u64)>,
}
