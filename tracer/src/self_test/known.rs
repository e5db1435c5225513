//! What the work knows about itself, without any tracing.

use serde::{Deserialize, Serialize};

use crate::model::{Pid, Role, Tid};

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The threads that made calls.
    pub threads: Vec<KnownThread>,
    /// The event loop's waits.
    pub turns: KnownTurns,
    /// The splices.
    pub splices: KnownSplices,
    /// Pages of the cold file that came into memory beside those that calls asked for, by mincore.
    pub read_ahead: u64,
    /// Bytes that calls read of the hot file.
    pub hot_bytes: u64,
    /// Bytes that calls read of the cold file.
    pub cold_bytes: u64,
}

/// What a thread did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownThread {
    /// Its process.
    pub pid: Pid,
    /// Its id.
    pub tid: Tid,
    /// What it is.
    pub role: Role,
    /// Its calls of sendfile.
    pub sendfile: KnownCalls,
    /// Its calls of pread64 on the cold file.
    pub pread64: KnownCalls,
}

/// Calls of one system call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCalls {
    /// How many.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Calls on a page that was not in memory, by mincore, and that slept: by the thread's voluntary context switches
    /// (getrusage(2)). What they write to never blocks.
    pub slept_for_disk: u64,
    /// How often these slept.
    pub disk_sleeps: u64,
    /// Calls that slept for something else, known the same way.
    pub slept_otherwise: u64,
    /// How long these took, less the time that they waited for a CPU (schedstat), ns.
    pub asleep_otherwise_ns: u64,
    /// Pages that they asked for and that were not in memory, by mincore.
    pub cold_pages: u64,
}

/// An event loop's waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownTurns {
    /// The loop.
    pub tid: Option<Tid>,
    /// How often its wait returned.
    pub waits: u64,
    /// Events that it got.
    pub events: u64,
}

/// Splices by direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSplices {
    /// From a file into a pipe.
    pub file_to_pipe: u64,
    /// From a pipe into a file.
    pub pipe_to_file: u64,
}

impl KnownCalls {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.bytes += other.bytes;
        self.slept_for_disk += other.slept_for_disk;
        self.disk_sleeps += other.disk_sleeps;
        self.slept_otherwise += other.slept_otherwise;
        self.asleep_otherwise_ns += other.asleep_otherwise_ns;
        self.cold_pages += other.cold_pages;
    }
}
