//! What a measurement is asked to do: the options once parsed, as the rest of the program uses them.

use std::{collections::BTreeMap, time::Duration};

use tracer_common::syscall::Syscall;

use crate::model::{Mechanism, Pid, Tid};

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

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Latency of sendfile.
    Sendfile,
}

impl Family {
    /// All there are.
    pub const ALL: [Self; 1] = [Self::Sendfile];

    /// The command's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sendfile => "sendfile",
        }
    }

    /// The system calls that it traces.
    #[must_use]
    pub fn syscalls(self) -> Vec<Syscall> {
        match self {
            Self::Sendfile => vec![Syscall::Sendfile],
        }
    }
}

/// A measurement.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// What the command is about.
    pub family: Family,
    /// The system calls to trace.
    pub syscalls: Vec<Syscall>,
    /// Whom to measure.
    pub target: TargetOption,
    /// The command that is measured, as one could write it in a shell, if tracer started the target.
    pub command: Option<String>,
    /// How long; `None`: until the user or the target ends it.
    pub duration: Option<Duration>,
    /// How often to report in between; `None`: not.
    pub interval: Option<Duration>,
    /// From when on a call is slow, ns.
    pub threshold_ns: u64,
    /// Share of the window from which on disk waits block an event loop.
    pub blocked_share: f64,
    /// Whether to ask a JVM for the names of its threads.
    pub java_names: bool,
    /// The user's names for clients.
    pub peer_labels: PeerLabels,
    /// Whether to see each turn of event loops, which takes hooks on the returns of readiness waits.
    pub turns: bool,
    /// Threads for which there is room; `None`: as the target suggests.
    pub max_threads: Option<u32>,
    /// The kernel mechanism to use; `None`: the cheapest that the kernel allows.
    pub mechanism: Option<Mechanism>,
    /// Whether to say what goes on.
    pub verbose: bool,
}

impl Measurement {
    /// A measurement with the usual limits, until somebody ends it.
    #[must_use]
    pub fn new(family: Family, target: TargetOption, verbose: bool) -> Self {
        Self {
            family,
            syscalls: family.syscalls(),
            target,
            command: None,
            duration: None,
            interval: None,
            threshold_ns: 1_000_000,
            blocked_share: 0.001,
            java_names: false,
            peer_labels: PeerLabels::default(),
            turns: true,
            max_threads: None,
            mechanism: None,
            verbose,
        }
    }

    /// Whom to measure, as the user wrote it, and as the recording keeps it.
    #[must_use]
    pub fn selector(&self) -> String {
        self.command.as_ref().map_or_else(|| self.target.selector(), |command| format!("-- {command}"))
    }
}

/// The user's own names for clients, by address or by host as recordings write them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerLabels(BTreeMap<String, String>);

impl PeerLabels {
    /// Names an address, or a host with all its addresses.
    pub fn insert(&mut self, address: String, label: String) {
        self.0.insert(address, label);
    }

    /// The name of a client: its address' own, else its host's.
    #[must_use]
    pub fn of(&self, address: &str, host: &str) -> Option<&str> {
        self.0.get(address).or_else(|| self.0.get(host)).map(String::as_str)
    }
}
