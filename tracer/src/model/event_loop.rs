//! An event loop: its turns, what blocked it on disk, and who waited behind.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Histogram, Out, SyscallWaits, ThreadRef};

/// An event loop, and what held it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventLoop {
    /// Which thread.
    #[serde(flatten)]
    pub thread: ThreadRef,
    /// Most descriptors that its epoll instance was seen to watch; null if unknown.
    #[serde(default)]
    pub watched: Option<u64>,
    /// Returns of its readiness wait; absent if turns were not observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<u64>,
    /// Events that they brought; absent likewise, and for io_uring, which does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_events: Option<u64>,
    /// Time inside its readiness wait; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_ns: Option<u64>,
    /// Time outside of it: of the window, or of the thread's life inside it, this is the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_ns: Option<u64>,
    /// Number of disk waits that ended inside the window, in any system call or fault.
    pub disk_waits: u64,
    /// Their sum, less run-queue delay.
    pub disk_wait_ns: u64,
    /// Connections that were waiting when its disk-blocked traced calls returned, summed over these; null if it cannot
    /// be told: the loop waits for the disk in other calls alone, or not on an epoll instance.
    #[serde(default)]
    pub behind: Option<u64>,
    /// The most behind one call; null likewise.
    #[serde(default)]
    pub behind_max: Option<u64>,
    /// Calls behind which there may have been more; null likewise.
    #[serde(default)]
    pub behind_capped: Option<u64>,
    /// How long its turns took; absent if turns were not observed, or if there was no room for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_latency: Option<Histogram>,
    /// The same less the disk waits of each turn: first order, since what waited behind them is not modelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_latency_without_disk: Option<Histogram>,
    /// The longest turn; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_turn: Option<WorstTurn>,
    /// The same by system call, worst first.
    pub by_syscall: Vec<SyscallWaits>,
}

/// The longest turn of an event loop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct WorstTurn {
    /// When it began, from the window's start.
    pub at_ns: u64,
    /// How long it took.
    pub ns: u64,
    /// Number of its disk waits; unknown in recordings that do not say.
    #[serde(default)]
    pub disk_waits: Option<u64>,
    /// Their sum, less run-queue delay; likewise.
    #[serde(default)]
    pub disk_wait_ns: Option<u64>,
    /// Events that it began with; null where the wait does not tell.
    #[serde(default)]
    pub ready_events: Option<u64>,
    /// Its longest disk wait; absent if it had none.
    #[serde(flatten)]
    pub longest_wait: Option<TurnWait>,
}

/// The longest disk wait of a turn.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct TurnWait {
    /// The system call that it was in; `page_fault` for a page fault.
    pub syscall: String,
    /// How long it was, less run-queue delay.
    pub disk_wait_max_ns: u64,
    /// The file; null if it is not known.
    #[serde(default)]
    pub path: Option<String>,
    /// Where the call began to read or write, bytes; null likewise.
    #[serde(default)]
    pub offset: Option<u64>,
    /// The file's device, `major:minor`; null likewise.
    #[serde(default)]
    pub device: Option<String>,
    /// Name of the device; null likewise.
    #[serde(default)]
    pub device_name: Option<String>,
    /// The connection that a traced call served; null likewise, and for other calls.
    #[serde(default)]
    pub client: Option<String>,
    /// What a traced call wrote to; null likewise.
    #[serde(default)]
    pub out: Option<Out>,
}

/// What an event loop did in a piece of the window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct IntervalLoop {
    /// Which thread.
    #[serde(flatten)]
    pub thread: ThreadRef,
    /// Returns of its readiness wait; absent if turns were not observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<u64>,
    /// Its disk waits that ended in it, less run-queue delay.
    pub disk_wait_ns: u64,
    /// Connections that were waiting when its disk-blocked calls returned.
    pub behind: u64,
}
