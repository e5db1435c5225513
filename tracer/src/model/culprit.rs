//! The culprits of slow and disk-blocked calls: on which file, for whom, and the calls themselves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ThreadRef;

/// Path or address of what no record tells of: records that were dropped, or rows beyond what is kept.
pub const OTHER: &str = "(other)";

/// Path of calls that read from no file, address of calls that sent to no peer.
pub const NONE: &str = "(none)";

/// Slow and disk-blocked calls on one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileCalls {
    /// The host, as [`Run::hostname`](super::Run::hostname) has it; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Its path in the target's mount namespace, with ` (deleted)` behind it if so; `(none)` for what has none,
    /// `(other)` for what was dropped. It begins with `…/` where directories are missing.
    pub path: String,
    /// The directory that it is in; null where there is no path.
    pub directory: Option<String>,
    /// `major:minor` of its file system's device; null where there is no file.
    pub device: Option<String>,
    /// Name of the device, such as `vda`; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// Its inode; null where there is no file.
    pub inode: Option<u64>,
    /// Slow or disk-blocked calls.
    pub calls: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Those that were disk-blocked.
    pub disk_blocked: u64,
    /// Their disk part.
    pub disk_wait_ns: u64,
    /// Cold pages inside the returned ranges.
    pub cold_requested: u64,
    /// Cold pages outside of them.
    pub read_ahead: u64,
    /// First byte that was read; null if unknown.
    pub first_offset: Option<u64>,
    /// One past the last byte that was read; null if unknown.
    pub last_offset: Option<u64>,
}

/// Slow and disk-blocked calls for one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientCalls {
    /// The host that served it, as [`Run::hostname`](super::Run::hostname) has it; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// `10.0.0.1:51234`, `[::1]:80`, `unix:/path`; `(none)` for what has no peer, `(other)` for what was dropped.
    pub address: String,
    /// The address without the port; null where there is no peer.
    pub host: Option<String>,
    /// The user's own name for it; null without one.
    pub label: Option<String>,
    /// Slow or disk-blocked calls.
    pub calls: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Those that were disk-blocked.
    pub disk_blocked: u64,
    /// Their disk part.
    pub disk_wait_ns: u64,
    /// Their latency: time that they took of their threads.
    pub time_ns: u64,
}

/// One slow or disk-blocked call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SlowCallRecord {
    /// When it was entered, from the window's start.
    pub at_ns: u64,
    /// Who made it.
    #[serde(flatten)]
    pub thread: ThreadRef,
    /// Which system call.
    pub syscall: String,
    /// From entry to return. The four parts add up to it.
    pub latency_ns: u64,
    /// The rest.
    pub on_cpu_ns: u64,
    /// Sleeps that waited for storage, less run-queue delay.
    pub disk_ns: u64,
    /// Waiting for a CPU.
    pub runqueue_ns: u64,
    /// Other sleeps, less run-queue delay.
    pub other_ns: u64,
    /// Bytes that it returned; 0 if it failed.
    pub bytes: u64,
    /// Name of the error; absent if it did not fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The file; null if it is not known.
    pub path: Option<String>,
    /// First byte that was read; null if unknown.
    pub offset: Option<u64>,
    /// The peer; null if there is none.
    pub client: Option<String>,
    /// Where its bytes went.
    pub out: Out,
    /// Connections that were waiting for its event loop when it returned; absent if they were not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<u64>,
    /// [`Stack::id`](super::Stack::id) of where it slept longest (for the disk, if it did), or returned if it never slept;
    /// absent if stacks were not wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<u32>,
}

/// Where a call's bytes went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Out {
    /// A socket.
    Socket,
    /// `/dev/null`: it warms the page cache.
    Null,
    /// A pipe.
    Pipe,
    /// A file.
    File,
    /// Anything else, or not known.
    #[default]
    #[serde(other)]
    Other,
}
