//! One measurement of several that were merged: what is said of each of them alone.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Histogram, Losses, Probe, SyscallRecord, Target, TimeNs, Tool, Verdict, Window};

/// A measurement that went into a merged recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Where it ran, as all rows of the recording name that host: the node name, with the boot behind it where
    /// several boots or machines have that name. Absent where the recording is of one host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// What wrote it.
    pub tool: Tool,
    /// The user's own marks.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whom it watched.
    pub target: Target,
    /// When.
    pub window: Window,
    /// What observed.
    pub probes: Vec<Probe>,
    /// What could not be counted.
    pub losses: Losses,
    /// What the traced system calls did.
    pub syscalls: Vec<RunSyscall>,
    /// Its own answer.
    pub verdict: Verdict,
}

/// What a traced system call did in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunSyscall {
    /// Its name.
    pub name: String,
    /// The command that traces it.
    pub family: String,
    /// From what to what it moves data, where that tells rows of one name apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// Calls.
    pub calls: u64,
    /// Those that returned less than 0.
    pub errors: u64,
    /// Bytes that they returned.
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
    /// Pages of the returned ranges; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u64>,
    /// The four parts of the latency.
    pub time_ns: TimeNs,
    /// Latency of all calls.
    pub latency: Histogram,
    /// Latency less the disk part.
    pub without_disk: Histogram,
}

impl From<&SyscallRecord> for RunSyscall {
    fn from(record: &SyscallRecord) -> Self {
        Self {
            name: record.name.clone(),
            family: record.family.clone(),
            direction: record.direction.clone(),
            calls: record.calls,
            errors: record.errors,
            bytes: record.bytes,
            slow: record.slow,
            disk_blocked: record.disk_blocked,
            disk_waits: record.disk_waits,
            cold_requested: record.cold_requested,
            pages: record.pages,
            time_ns: record.time_ns,
            latency: record.latency.clone(),
            without_disk: record.without_disk.clone(),
        }
    }
}
