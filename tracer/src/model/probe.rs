//! What observed the target, and what it missed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A thing that is observed, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// What is observed.
    pub name: String,
    /// By which kernel mechanism.
    pub mechanism: Mechanism,
    /// Whether it is.
    pub status: ProbeStatus,
    /// Why it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Events that the kernel says its programs missed; null where it does not tell.
    pub missed: Option<u64>,
}

impl Probe {
    /// Name of the probe that the verdict rests on.
    pub const DISK_WAITS: &str = "disk waits";

    /// Name of the probe that sees the turns of event loops.
    pub const READINESS: &str = "readiness";

    /// Name of the probe that sees who becomes a target, and who ends.
    pub const TARGETS: &str = "targets";

    /// Name of the probe that cold pages come from.
    pub const PAGE_CACHE: &str = "page cache";

    /// Name of the probe that says which file and which client a slow call is about. It is listed where it is missing.
    pub const CULPRITS: &str = "culprits";

    /// Name of the look at what threads watch, from user space. Listed where tracer may not look.
    pub const DESCRIPTORS: &str = "descriptors";

    /// Name of the look at what processes have mapped, for functions on stacks. Listed likewise.
    pub const FUNCTIONS: &str = "functions";

    /// Name of the look at what processes have mounted, for files that page faults read. Listed likewise.
    pub const MOUNTS: &str = "mounts";
}

/// A kernel mechanism that a probe can hang on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// Trampoline at a kernel function's entry and exit.
    Fentry,
    /// Breakpoint at a kernel function's entry and return.
    Kprobe,
    /// Classic tracepoint through a perf event.
    Tracepoint,
    /// Raw tracepoint with typed arguments.
    TpBtf,
    /// None.
    None,
    /// One that this version does not know.
    #[serde(other)]
    Other,
}

impl Mechanism {
    /// As the recording has it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Fentry => "fentry",
            Self::Kprobe => "kprobe",
            Self::Tracepoint => "tracepoint",
            Self::TpBtf => "tp_btf",
            Self::None => "none",
            Self::Other => "other",
        }
    }
}

/// Whether a probe observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeStatus {
    /// It does.
    Attached,
    /// It was wanted, and this kernel does not let it.
    Unavailable,
    /// It was not wanted.
    Off,
    /// It is in a state that this version does not know.
    #[serde(other)]
    Other,
}

/// What could not be counted. All 0: nothing was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Losses {
    /// Records of slow calls that found no room.
    pub slow_calls_dropped: u64,
    /// Threads that found no slot.
    pub threads_dropped: u64,
    /// Processes that were to become targets and found no room; absent in recordings that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes_dropped: Option<u64>,
    /// Calls without a slot or a record, or of which the entry or the exit was not seen.
    pub calls_uncounted: u64,
    /// Of these, the calls of threads with a slot for which there was no record to be summed up in; absent in recordings
    /// that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_dropped: Option<u64>,
    /// Calls or sleeps whose parts exceeded the whole and were cut.
    pub parts_clamped: u64,
    /// Disk waits and slow calls whose stack found no room; absent if stacks were not wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stacks_dropped: Option<u64>,
}

impl Losses {
    /// Whether nothing was lost.
    #[must_use]
    pub fn is_none(&self) -> bool {
        let told = |dropped: Option<u64>| dropped.filter(|&dropped| dropped > 0);
        let (stacks_dropped, processes_dropped) = (told(self.stacks_dropped), told(self.processes_dropped));
        Self { stacks_dropped, processes_dropped, ..*self } == Self::default()
    }
}
