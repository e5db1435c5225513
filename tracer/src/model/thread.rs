//! A thread: who it is, what part it plays, and its disk waits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pid, Tid};

/// Which thread, and what it is called. Part of every row that is about a thread.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRef {
    /// The host, as [`Run::hostname`](super::Run::hostname) has it; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Its process.
    pub pid: Pid,
    /// Its id, which another thread may have had before.
    pub tid: Tid,
    /// CLOCK_BOOTTIME at its start: tells a reused tid apart.
    pub start_time_ns: u64,
    /// The kernel's name for it, at most 15 characters.
    pub comm: String,
    /// The best name known, otherwise `comm`.
    pub name: String,
    /// Its part, judged from its behaviour.
    pub role: Role,
}

/// What tells a thread from all others: its host where there are several, process, id and start.
pub type ThreadIdentity<'a> = (Option<&'a str>, Pid, Tid, u64);

impl ThreadRef {
    /// What tells it from all others, also from one that had its id before.
    #[must_use]
    pub fn identity(&self) -> ThreadIdentity<'_> {
        (self.hostname.as_deref(), self.pid, self.tid, self.start_time_ns)
    }
}

/// What part a thread plays, judged from its behaviour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The only thread that takes events from its epoll instance.
    EventLoop,
    /// One of several threads that an epoll instance gives events to.
    Poller,
    /// Makes traced calls or disk waits, and is neither.
    Worker,
    /// Too little was seen to say, or a part that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Role {
    /// As people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::EventLoop => "event loop",
            Self::Poller => "poller",
            Self::Worker => "worker",
            Self::Unknown => "unknown",
        }
    }
}

/// A thread's disk waits in all system calls and faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRecord {
    /// Which thread.
    #[serde(flatten)]
    pub thread: ThreadRef,
    /// Number of disk waits that ended inside the window.
    pub disk_waits: u64,
    /// Their sum, less run-queue delay.
    pub disk_wait_ns: u64,
    /// The longest; unknown in recordings that do not say.
    #[serde(default)]
    pub disk_wait_max_ns: Option<u64>,
    /// The same by system call, worst first; absent in recordings that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_syscall: Option<Vec<SyscallWaits>>,
    /// A disk wait of at least the threshold that had not ended when the window closed; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_waiting: Option<StillWaiting>,
}

/// A disk wait that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct StillWaiting {
    /// In which system call; `page_fault` likewise.
    pub name: String,
    /// For how long so far, at most since the window opened.
    pub since_ns: u64,
}

/// A thread's disk waits in one system call, or in page faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyscallWaits {
    /// Name of the system call; `page_fault` for faults of the program itself, `(other)` for calls beyond those
    /// that are told apart.
    pub name: String,
    /// Number of disk waits.
    pub disk_waits: u64,
    /// Their sum, less run-queue delay.
    pub disk_wait_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

/// [`SyscallWaits::name`] of page faults.
pub const PAGE_FAULT: &str = "page_fault";
