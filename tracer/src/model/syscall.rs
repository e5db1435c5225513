//! What a traced system call did: in all, by cause, per process and per thread.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ClientCalls, FileCalls, Histogram, Pid, ThreadRef};

/// A traced system call over the whole window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SyscallRecord {
    /// Its name.
    pub name: String,
    /// The command that traces it.
    pub family: String,
    /// From what to what it moves data, for splice and its kin (`file_to_pipe`, …): each direction is a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// Calls that were entered and returned inside the window.
    pub calls: u64,
    /// Those that returned less than 0.
    pub errors: u64,
    /// The same by name.
    pub errors_by_name: BTreeMap<String, u64>,
    /// Bytes that the calls returned.
    pub bytes: u64,
    /// Calls of at least the threshold.
    pub slow: u64,
    /// Calls with at least one disk wait.
    pub disk_blocked: u64,
    /// Disk waits.
    pub disk_waits: u64,
    /// Cold pages inside the returned ranges; absent if the page cache could not be observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold_requested: Option<u64>,
    /// Cold pages outside of them; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_ahead: Option<u64>,
    /// Pages of the returned ranges, of which `memory_share` is a share; absent likewise, and in recordings that do
    /// not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u64>,
    /// Calls that read past the page cache (`O_DIRECT`), which are no misses; absent where files were not told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_calls: Option<u64>,
    /// Bytes that these returned; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_bytes: Option<u64>,
    /// Share of the returned ranges that was in memory; null if unknown, or if nothing was returned through the page
    /// cache.
    pub memory_share: Option<f64>,
    /// The four parts of the latency.
    pub time_ns: TimeNs,
    /// Latency of all calls.
    pub latency: Histogram,
    /// Latency by cause; each call has one.
    pub by_cause: ByCause,
    /// Latency less the disk part: the tail without disk waits, to first order.
    pub without_disk: Histogram,
    /// Per process.
    pub processes: Vec<ProcessCalls>,
    /// Per thread, worst first.
    pub threads: Vec<ThreadCalls>,
    /// Files of the slow and disk-blocked calls, worst first; absent if the kernel does not let them be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<FileCalls>>,
    /// Whom they served, worst first; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<ClientCalls>>,
    /// Calls that had not returned when the window closed, or were stuck when it opened.
    pub in_flight: Vec<InFlight>,
}

/// The four parts of a latency, ns. They add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimeNs {
    /// The rest.
    pub on_cpu: u64,
    /// Sleeps that waited for storage, less the run-queue delay that ended each.
    pub disk: u64,
    /// Waiting for a CPU.
    pub runqueue: u64,
    /// Other sleeps, less the run-queue delay that ended each.
    pub other: u64,
}

/// Latency by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByCause {
    /// Calls that ran all along.
    pub on_cpu: Histogram,
    /// Disk-blocked calls.
    pub disk: Histogram,
    /// Calls that only lost the CPU.
    pub runqueue: Histogram,
    /// Calls that slept for something other than the disk.
    pub other: Histogram,
}

/// What a process did with one system call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessCalls {
    /// The host, as [`Run::hostname`](super::Run::hostname) has it; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Which process.
    pub pid: Pid,
    /// Calls.
    pub calls: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Slow calls.
    pub slow: u64,
    /// Disk-blocked calls.
    pub disk_blocked: u64,
    /// The disk part.
    pub disk_wait_ns: u64,
}

/// What a thread did with one system call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadCalls {
    /// Which thread.
    #[serde(flatten)]
    pub thread: ThreadRef,
    /// Calls.
    pub calls: u64,
    /// Those that returned less than 0.
    pub errors: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Slow calls.
    pub slow: u64,
    /// Disk-blocked calls.
    pub disk_blocked: u64,
    /// Disk waits.
    pub disk_waits: u64,
    /// The disk part.
    pub disk_wait_ns: u64,
    /// Cold pages inside the returned ranges; absent if the page cache could not be observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold_requested: Option<u64>,
    /// Cold pages outside of them; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_ahead: Option<u64>,
    /// The longest call; null without calls.
    pub max_ns: Option<u64>,
    /// Latency of its calls.
    pub latency: Histogram,
}

/// A call that had not returned when the window closed, or was stuck when it opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct InFlight {
    /// Who is in it.
    #[serde(flatten)]
    pub thread: ThreadRef,
    /// How long so far; null if it began before the window opened.
    pub since_ns: Option<u64>,
    /// When it returned, from the window's start, if it did so inside the window. Only a call that began
    /// before the window can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_at_ns: Option<u64>,
    /// Whether it waited for storage when the window closed; null if it did not sleep then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for_disk: Option<bool>,
}
