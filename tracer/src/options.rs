//! What a measurement is asked to do: the options once parsed, as the rest of the program uses them.

use std::time::Duration;

use tracer_common::syscall::Syscall;

use crate::model::{Pid, Tid};

/// Whom to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetOption {
    /// A process with all its threads.
    Pid(Pid),
    /// One thread.
    Tid(Tid),
}

impl TargetOption {
    /// As the user wrote it, and as the recording keeps it.
    #[must_use]
    pub fn selector(self) -> String {
        match self {
            Self::Pid(pid) => format!("--pid {pid}"),
            Self::Tid(tid) => format!("--tid {tid}"),
        }
    }
}

/// A measurement.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// The command that it belongs to.
    pub family: &'static str,
    /// The system calls to trace.
    pub syscalls: Vec<Syscall>,
    /// Whom to measure.
    pub target: TargetOption,
    /// How long; `None`: until the user or the target ends it.
    pub duration: Option<Duration>,
    /// How often to report in between; `None`: not.
    pub interval: Option<Duration>,
    /// From when on a call is slow, ns.
    pub threshold_ns: u64,
    /// Share of the window from which on disk waits block an event loop.
    pub blocked_share: f64,
    /// Threads for which there is room; `None`: as the target suggests.
    pub max_threads: Option<u32>,
    /// Whether to say what goes on.
    pub verbose: bool,
}

impl Measurement {
    /// A measurement of sendfile with the usual limits, until somebody ends it.
    #[must_use]
    pub fn of_sendfile(target: TargetOption, verbose: bool) -> Self {
        Self {
            family: "sendfile",
            syscalls: vec![Syscall::Sendfile],
            target,
            duration: None,
            interval: None,
            threshold_ns: 1_000_000,
            blocked_share: 0.001,
            max_threads: None,
            verbose,
        }
    }
}
