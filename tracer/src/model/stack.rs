//! Where threads waited for the disk, function by function.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pid, ThreadRef};

/// The disk waits of one process in one system call on one stack.
///
/// A frame is the name of a function, `[file+0x1f20]` (the offset in the file, in bytes) where it has none there,
/// `[unknown]` where nothing is known of its address, or another note in brackets. The innermost comes first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stack {
    /// The host, as [`Run::hostname`](super::Run::hostname) has it; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Its number in this recording, to which [`SlowCallRecord::stack`](super::SlowCallRecord::stack) refers.
    pub id: u32,
    /// The process.
    pub pid: Pid,
    /// Name of the system call; `page_fault` for faults of the program itself.
    pub syscall: String,
    /// Functions of the kernel.
    pub kernel: Vec<String>,
    /// Functions of the program.
    pub user: Vec<String>,
    /// Disk waits that ended inside the window.
    pub disk_waits: u64,
    /// Their sum, less run-queue delay.
    pub disk_wait_ns: u64,
    /// How many of `slow_calls` refer to it.
    pub slow_calls: u64,
    /// The threads that waited, worst first.
    pub threads: Vec<StackThread>,
}

/// A thread's part of a stack's disk waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StackThread {
    /// Which thread.
    #[serde(flatten)]
    pub thread: ThreadRef,
    /// Disk waits.
    pub disk_waits: u64,
    /// Their sum, less run-queue delay.
    pub disk_wait_ns: u64,
}
