//! What a measurement is asked to do: the options once parsed, as the rest of the program uses them.

use std::{collections::BTreeMap, time::Duration};

use clap::ValueEnum;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Family {
    /// Latency of sendfile.
    Sendfile,
    /// Latency of splice, tee, vmsplice and copy_file_range.
    Splice,
    /// What is read through the page cache, and what of it was not there.
    Pagecache,
    /// The turns of event loops, and what blocked them on disk.
    Eventloop,
}

impl Family {
    /// The command's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sendfile => "sendfile",
            Self::Splice => "splice",
            Self::Pagecache => "pagecache",
            Self::Eventloop => "eventloop",
        }
    }

    /// The family that a system call is at home in.
    #[must_use]
    pub fn of(syscall: Syscall) -> Self {
        if syscall == Syscall::Sendfile {
            Self::Sendfile
        } else if syscall.is_read() {
            Self::Pagecache
        } else {
            Self::Splice
        }
    }

    /// Whether it traces `syscall`.
    #[must_use]
    pub fn traces(self, syscall: Syscall) -> bool {
        match self {
            // What fills a pipe from memory or from another one reads no file.
            Self::Pagecache => !matches!(syscall, Syscall::Tee | Syscall::VmspliceToPipe | Syscall::VmspliceToMemory),
            // Who waited behind a disk wait can be counted where a traced call returns.
            Self::Eventloop => syscall == Syscall::Sendfile,
            family => Self::of(syscall) == family,
        }
    }
}

/// How often the recording cuts the window.
pub const RECORDED_INTERVAL: Duration = Duration::from_secs(1);

/// Room for stacks unless the user says otherwise: 17 MB in the kernel.
pub const DEFAULT_STACKS: u32 = 8192;

/// A measurement.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// What the command is about, and what else is to be measured with it.
    pub families: Vec<Family>,
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
    /// Whether to ask a JVM for the names of its threads.
    pub java_names: bool,
    /// The user's names for clients.
    pub peer_labels: PeerLabels,
    /// Whether to see each turn of event loops, which takes hooks on the returns of readiness waits.
    pub turns: bool,
    /// Threads for which there is room; `None`: as the target suggests.
    pub max_threads: Option<u32>,
    /// For how many stacks there is to be room; `None`: no stacks are wanted.
    pub stacks: Option<u32>,
    /// Files for which there is room, where files are told apart.
    pub max_files: u32,
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
            families: vec![family],
            target,
            duration: None,
            interval: None,
            threshold_ns: 1_000_000,
            blocked_share: 0.001,
            java_names: false,
            peer_labels: PeerLabels::default(),
            turns: true,
            max_threads: None,
            stacks: None,
            max_files: MAX_FILES,
            mechanism: None,
            verbose,
        }
    }

    /// The system calls to trace, in the order of the recording's rows.
    #[must_use]
    pub fn syscalls(&self) -> Vec<Syscall> {
        let is_traced = |syscall: &Syscall| self.families.iter().any(|family| family.traces(*syscall));
        Syscall::ALL.into_iter().filter(is_traced).collect()
    }

    /// Whether the files that are read are told apart, and page faults on them counted.
    #[must_use]
    pub fn looks_at_files(&self) -> bool {
        self.families.contains(&Family::Pagecache)
    }

    /// What is measured, in a word.
    #[must_use]
    pub fn title(&self) -> String {
        let names: Vec<_> = self.families.iter().map(|family| family.name()).collect();
        names.join("+")
    }
}

/// Files for which there is room unless the user says otherwise.
pub const MAX_FILES: u32 = 8192;

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
