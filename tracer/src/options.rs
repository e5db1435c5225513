//! What a measurement is asked to do: the options once parsed, as the rest of the program uses them.

use std::{collections::BTreeMap, time::Duration};

use clap::ValueEnum;
use tracer_common::syscall::Syscall;

use crate::{
    globs::Glob,
    model::{Mechanism, Pid, Tid},
};

/// Whom to measure: everybody that one of the selectors names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetOption {
    /// Processes with all their threads.
    pub pids: Vec<Pid>,
    /// Single threads.
    pub tids: Vec<Tid>,
    /// Processes by name, while they have it.
    pub comms: Vec<Glob>,
    /// Cgroups, by path or by a container's id: who is in them or below, while it is.
    pub cgroups: Vec<String>,
    /// Units of systemd, by their cgroups.
    pub units: Vec<String>,
    /// Everybody but tracer itself.
    pub all: bool,
    /// Children that targets fork too, and theirs.
    pub follow: bool,
    /// Wait until there is a target.
    pub wait: bool,
    /// The processes of `pids` count once they have called exec.
    pub after_exec: bool,
}

impl TargetOption {
    /// One process with all its threads.
    #[must_use]
    pub fn pid(pid: Pid) -> Self {
        Self { pids: vec![pid], ..Self::default() }
    }

    /// A process that is about to call exec, from then on, with all that it forks.
    #[must_use]
    pub fn command(pid: Pid) -> Self {
        Self { follow: true, after_exec: true, ..Self::pid(pid) }
    }

    /// As the user wrote it, and as the recording keeps it.
    #[must_use]
    pub fn selector(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.pids.iter().map(|pid| format!("--pid {pid}")));
        words.extend(self.tids.iter().map(|tid| format!("--tid {tid}")));
        words.extend(self.comms.iter().map(|comm| format!("--comm {comm}")));
        words.extend(self.cgroups.iter().map(|cgroup| format!("--cgroup {cgroup}")));
        words.extend(self.units.iter().map(|unit| format!("--unit {unit}")));
        words.extend(self.all.then(|| "--all".to_owned()));
        words.extend(self.follow.then(|| "--follow".to_owned()));
        words.join(" ")
    }

    /// Whether ids alone say who is measured: then the window ends with them.
    #[must_use]
    pub fn is_by_id(&self) -> bool {
        self.comms.is_empty() && self.cgroups.is_empty() && self.units.is_empty() && !self.all
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

/// From when on a call is slow, unless a user says otherwise, ns.
pub const DEFAULT_THRESHOLD_NS: u64 = 1_000_000;

/// A measurement.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// What the command is about, and what else is to be measured with it.
    pub families: Vec<Family>,
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
    /// Marks that the recording keeps.
    pub labels: BTreeMap<String, String>,
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
    /// Whether to use the programs for older kernels on any.
    pub guarded: bool,
    /// Whether results go to files of other users, or into their directories.
    pub writes_for_others: bool,
    /// Whether a command runs as another user, and is sent signals.
    pub signals_others: bool,
    /// Whether the measurement itself talks over the network.
    pub connects: bool,
    /// Whether it goes on when the target has ended, or before there is one: processes that start later, and cgroups that are made anew
    /// under the same name, are measured too.
    pub outlives_target: bool,
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
            command: None,
            duration: None,
            interval: None,
            threshold_ns: DEFAULT_THRESHOLD_NS,
            blocked_share: 0.001,
            java_names: false,
            peer_labels: PeerLabels::default(),
            labels: BTreeMap::new(),
            turns: true,
            max_threads: None,
            stacks: None,
            max_files: MAX_FILES,
            mechanism: None,
            guarded: false,
            writes_for_others: false,
            signals_others: false,
            connects: false,
            outlives_target: false,
            verbose,
        }
    }

    /// Whom to measure, as the user wrote it, and as the recording keeps it.
    #[must_use]
    pub fn selector(&self) -> String {
        self.command.as_ref().map_or_else(|| self.target.selector(), |command| format!("-- {command}"))
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

    /// Whether the probes may have to be attached once more: to another cgroup that bears the name of one that has gone.
    #[must_use]
    pub fn attaches_again(&self) -> bool {
        self.outlives_target && !(self.target.cgroups.is_empty() && self.target.units.is_empty())
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
