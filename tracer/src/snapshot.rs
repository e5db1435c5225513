//! What was collected, as plain data: the seam between the kernel and the analysis.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use tracer_common::{
    culprit::{CallSums, SlowCall},
    files::FileStats,
    records::{CallStats, SleepingTask, ThreadKey, ThreadSlot},
    stack::{StackKey, StackSums},
    syscall::Syscall,
    turns::{LEAST_SOCKETS, ReadySet, TurnStats},
};

use crate::{
    model::{Histogram, Host, Interval, Mechanism, Probe, ProbeStatus, Target},
    options::{Family, PeerLabels},
};

/// Everything that one window left behind.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Where.
    pub host: Host,
    /// What was measured.
    pub families: Vec<Family>,
    /// Whom.
    pub target: Target,
    /// Wall clock when the window opened.
    pub start: Timestamp,
    /// CLOCK_MONOTONIC when it opened, ns.
    pub opened_ns: u64,
    /// CLOCK_BOOTTIME when it opened, ns.
    pub opened_boottime_ns: u64,
    /// CLOCK_MONOTONIC when it closed, ns.
    pub closed_ns: u64,
    /// From when on a call is slow, ns.
    pub threshold_ns: u64,
    /// Share of the window from which on disk waits block an event loop.
    pub blocked_share: f64,
    /// The probes, with what they missed.
    pub probes: Vec<Probe>,
    /// Processes that could not be looked into: what is in no log of theirs may be there all the same.
    pub hidden: HashSet<u32>,
    /// Processes that were to become targets and found no room.
    pub processes_dropped: u64,
    /// What could not be counted, all CPUs.
    pub losses: tracer_common::records::Losses,
    /// Threads with a slot.
    pub threads: Vec<ThreadData>,
    /// What is known per traced system call.
    pub syscalls: Vec<SyscallData>,
    /// Threads asleep just before the window opened; `None` where the kernel does not list them.
    pub asleep_before: Option<Vec<SleepingTask>>,
    /// Threads asleep when the window closed; `None` likewise.
    pub asleep: Option<Vec<SleepingTask>>,
    /// What threads waited on for readiness, as far as it could be looked at, by [`ReadySet::identity`].
    pub watched: HashMap<ReadySet, Watched>,
    /// Epoll instances that nobody was seen to use.
    pub idle_instances: Vec<IdleInstance>,
    /// Whether the connections behind disk-blocked calls were counted.
    pub counts_behind: bool,
    /// Names that threads have beyond the kernel's, as far as they were asked for.
    pub thread_names: HashMap<ThreadKey, String>,
    /// The user's names for clients.
    pub peer_labels: PeerLabels,
    /// Marks that the recording keeps.
    pub labels: BTreeMap<String, String>,
    /// What was told of slow and disk-blocked calls; `None` where the kernel's structures do not allow it.
    pub culprits: Option<Culprits>,
    /// The stacks of disk waits and slow calls; `None`: they were not wanted.
    pub stacks: Option<Stacks>,
    /// The files that were read; `None` where they were not told apart.
    pub files: Option<FilesRead>,
    /// The window in pieces.
    pub intervals: Vec<IntervalData>,
}

/// Stacks, with the names of their functions, innermost first.
#[derive(Clone, Debug, Default)]
pub struct Stacks {
    /// Disk waits by thread, system call and stack.
    pub rows: Vec<(StackKey, StackSums)>,
    /// In the kernel, by id.
    pub kernel: HashMap<i32, Vec<String>>,
    /// In the program, by process and id.
    pub user: HashMap<(u32, i32), Vec<String>>,
}

/// The files that the target read, whether its calls were slow or not.
#[derive(Clone, Debug, Default)]
pub struct FilesRead {
    /// Each with its name, as far as that was told.
    pub files: Vec<(FileRef, FileStats)>,
    /// What found no room among them.
    pub rest: FileStats,
}

/// A piece of the window.
#[derive(Clone, Debug)]
pub struct IntervalData {
    /// What the traced system calls did in it. Who is an event loop is not known yet.
    pub interval: Interval,
    /// What threads did in it, those that did something.
    pub threads: Vec<ThreadProgress>,
}

/// What a thread did in a piece of the window, or up to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadProgress {
    /// Which thread.
    pub key: ThreadKey,
    /// Returns of its readiness wait.
    pub turns: u64,
    /// Its disk waits, ns.
    pub disk_wait_ns: u64,
    /// Connections behind its disk-blocked calls.
    pub behind: u64,
}

/// An epoll instance that nobody was seen to use in the window: its event loop may be stuck.
#[derive(Clone, Debug)]
pub struct IdleInstance {
    /// Its process.
    pub pid: u32,
    /// What it watches.
    pub watched: Watched,
    /// The descriptors.
    pub descriptors: Vec<u32>,
}

/// What a thread waits on for readiness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Descriptors.
    pub descriptors: u64,
    /// Those that are sockets.
    pub sockets: u64,
    /// Whether one of these listens.
    pub listens: bool,
}

impl Watched {
    /// Whether these are several connections, or take new ones.
    #[must_use]
    pub const fn holds_connections(&self) -> bool {
        self.sockets >= LEAST_SOCKETS as u64 || self.listens
    }
}

/// What was told of slow and disk-blocked calls.
#[derive(Clone, Debug, Default)]
pub struct Culprits {
    /// Per file.
    pub files: Vec<FileData>,
    /// Per client.
    pub clients: Vec<ClientData>,
    /// The longest calls.
    pub calls: Vec<CallData>,
    /// What no record tells of, or no row.
    pub untold: Vec<UntoldData>,
}

/// A file that slow or disk-blocked calls of one system call read.
#[derive(Clone, Debug)]
pub struct FileData {
    /// Which system call.
    pub syscall: Syscall,
    /// Which file; `None`: the calls read no file.
    pub file: Option<FileRef>,
    /// First byte read and one past the last; `None`: unknown.
    pub range: Option<(u64, u64)>,
    /// What the calls came to.
    pub sums: CallSums,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileRef {
    /// Path in the target's mount namespace; `None`: it could not be read.
    pub path: Option<String>,
    /// Major and minor number of its device.
    pub device: (u32, u32),
    /// Name of the device.
    pub device_name: Option<String>,
    /// Inode.
    pub inode: u64,
}

/// A client that slow or disk-blocked calls of one system call served.
#[derive(Clone, Debug)]
pub struct ClientData {
    /// Which system call.
    pub syscall: Syscall,
    /// Who; `None`: nobody, or it could not be told.
    pub peer: Option<Peer>,
    /// What the calls came to.
    pub sums: CallSums,
}

/// The other end of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// By IP; IPv4 that came through an IPv6 socket is IPv4.
    Ip(std::net::SocketAddr),
    /// By a unix socket's name: a path, `@name`, or nothing.
    Unix(String),
}

/// One slow or disk-blocked call.
#[derive(Clone, Debug)]
pub struct CallData {
    /// What the kernel told.
    pub call: SlowCall,
    /// Its file.
    pub file: Option<FileRef>,
    /// Its client.
    pub peer: Option<Peer>,
}

/// Calls that no file or client row tells of.
#[derive(Clone, Copy, Debug)]
pub struct UntoldData {
    /// Which system call.
    pub syscall: Syscall,
    /// Dropped before they reached user space: in no row at all.
    pub dropped: CallSums,
    /// In no row of the files.
    pub beyond_files: CallSums,
    /// In no row of the clients.
    pub beyond_clients: CallSums,
}

/// A thread's slot and its calls.
#[derive(Clone, Debug)]
pub struct ThreadData {
    /// What it did, whatever the system call.
    pub slot: ThreadSlot,
    /// What it did with each traced system call, in the order of [`Snapshot::syscalls`]; `None`: nothing.
    pub calls: Vec<Option<Box<CallStats>>>,
    /// How long its turns took; `None`: it made none, or there was no room.
    pub turns: Option<Box<TurnStats>>,
    /// The file that its worst turn waited for longest, if one is known.
    pub worst_file: Option<FileRef>,
    /// The path that the system call was given in which its worst turn waited longest, if it was given one.
    pub worst_path: Option<String>,
    /// Its name now; `None` if /proc has it no more.
    pub comm_now: Option<String>,
    /// Whether it has ended. One may still be in /proc: the first thread of a process that nobody has waited for.
    pub has_ended: bool,
}

/// A traced system call beyond what its threads say. All CPUs together.
#[derive(Clone, Debug)]
pub struct SyscallData {
    /// Which.
    pub syscall: Syscall,
    /// Failed calls by errno, those that occurred; 0 is an errno beyond what is told apart.
    pub errors: Vec<(u32, u64)>,
    /// Latency of disk-blocked calls.
    pub disk: Histogram,
    /// … of calls that slept for something else.
    pub other: Histogram,
    /// … of calls that only lost the CPU.
    pub runqueue: Histogram,
    /// Latency less the disk part, of disk-blocked calls.
    pub without_disk: Histogram,
}

impl Snapshot {
    /// Whether neither half could look at what `set` holds: it is an epoll instance of a process that shows nothing of itself.
    #[must_use]
    pub fn is_hidden(&self, set: ReadySet) -> bool {
        let is_of_hidden = matches!(set, ReadySet::Epoll((pid, _)) if self.hidden.contains(&pid));
        is_of_hidden && !self.watched.contains_key(&set.identity())
    }

    /// How long the window was, ns.
    #[must_use]
    pub fn duration_ns(&self) -> u64 {
        self.closed_ns.saturating_sub(self.opened_ns)
    }

    /// The thread with this key, if it has a slot.
    #[must_use]
    pub fn thread(&self, key: &ThreadKey) -> Option<&ThreadData> {
        self.threads.iter().find(|thread| thread.slot.key == *key)
    }

    /// Threads that were in their readiness wait all along: asleep in it, and without a slot.
    #[must_use]
    pub fn parked(&self) -> Vec<(&SleepingTask, ReadySet)> {
        let active: HashSet<_> = self.threads.iter().map(|thread| thread.slot.key).collect();
        let asleep = self.asleep.iter().flatten().filter(|task| !active.contains(&task.key));
        asleep.filter_map(|task| Some((task, task.ready_set()?))).collect()
    }

    /// Whether the return of a call is seen that was entered before its probe was attached: what hangs at the function of a
    /// system call sees a return only if it saw the entry. The probe of the calls themselves is the first.
    #[must_use]
    pub fn sees_returns_of_earlier_calls(&self) -> bool {
        let mechanism = self.probes.first().map(|probe| probe.mechanism);
        !matches!(mechanism, Some(Mechanism::Fentry | Mechanism::Kprobe))
    }

    /// Whether the probe of this name observes.
    #[must_use]
    pub fn is_attached(&self, name: &str) -> bool {
        self.probes.iter().any(|probe| probe.name == name && probe.status == ProbeStatus::Attached)
    }
}
