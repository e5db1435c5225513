//! A recording, read by its published contract (`schema_version` 1) and not by the product's types.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

mod page_cache;

pub use page_cache::{FilePages, PageCache, PagesRead, ThreadPages};

use crate::contract::check;

/// The JSON of one measurement; what the tests do not look at is left out.
#[derive(Clone, Debug, Deserialize)]
pub struct Recording {
    /// What was measured.
    pub target: Target,
    /// When.
    pub window: Window,
    /// From where on a call is slow.
    pub threshold_ns: u64,
    /// By what means.
    pub probes: Vec<Probe>,
    /// What is missing.
    pub losses: Losses,
    /// One row for each traced system call.
    pub syscalls: Vec<Syscall>,
    /// Marks.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The answer.
    pub verdict: Verdict,
    /// The event loops.
    pub event_loops: Vec<EventLoop>,
    /// Disk waits of each thread, wherever they were.
    pub threads: Vec<ThreadWaits>,
    /// The longest of the slow and disk-blocked calls.
    pub slow_calls: Vec<SlowCall>,
    /// What was read through the page cache, where files are told apart.
    pub page_cache: Option<PageCache>,
    /// Where threads waited for the disk, if that was asked for.
    pub stacks: Option<Vec<Stack>>,
}

/// Disk waits on one stack.
#[derive(Clone, Debug, Deserialize)]
pub struct Stack {
    /// Its number.
    pub id: u32,
    /// The process.
    pub pid: u32,
    /// In which system call.
    pub syscall: String,
    /// Functions of the kernel, the innermost first.
    pub kernel: Vec<String>,
    /// Functions of the program, likewise.
    pub user: Vec<String>,
    /// Disk waits.
    pub disk_waits: u64,
    /// Their sum, ns.
    pub disk_wait_ns: u64,
    /// Slow calls that refer to it.
    pub slow_calls: u64,
    /// The threads that waited.
    pub threads: Vec<StackThread>,
}

/// A thread's part of them.
#[derive(Clone, Debug, Deserialize)]
pub struct StackThread {
    /// Thread id.
    pub tid: u32,
    /// Disk waits.
    pub disk_waits: u64,
    /// Their sum, ns.
    pub disk_wait_ns: u64,
}

/// The answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Verdict {
    /// `blocked`, `clear` or `inconclusive`.
    pub status: String,
    /// The event loops that were blocked.
    pub threads: Vec<NamedThread>,
    /// The answer in a sentence.
    pub summary: String,
    /// What it rests on.
    pub reasons: Vec<String>,
}

/// A thread and its part.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NamedThread {
    /// Thread id.
    pub tid: u32,
    /// `event_loop`, `poller`, `worker` or `unknown`.
    pub role: String,
}

/// An event loop.
#[derive(Clone, Debug, Deserialize)]
pub struct EventLoop {
    /// Thread id.
    pub tid: u32,
    /// Descriptors that its epoll instance watched.
    pub watched: Option<u64>,
    /// Returns of its readiness wait.
    #[serde(default)]
    pub turns: u64,
    /// Events that they brought; io_uring does not tell.
    #[serde(default)]
    pub ready_events: u64,
    /// Disk waits.
    pub disk_waits: u64,
    /// Their sum, ns.
    pub disk_wait_ns: u64,
    /// Time in its readiness wait, ns.
    #[serde(default)]
    pub waiting_ns: u64,
    /// Time outside of it, ns.
    #[serde(default)]
    pub busy_ns: u64,
    /// Connections that waited behind its disk-blocked calls.
    pub behind: Option<u64>,
    /// The most behind one call.
    pub behind_max: Option<u64>,
    /// Calls behind which there may have been more.
    pub behind_capped: Option<u64>,
    /// How long its turns took.
    #[serde(default)]
    pub turn_latency: Histogram,
    /// The same less their disk waits.
    #[serde(default)]
    pub turn_latency_without_disk: Histogram,
    /// The longest turn.
    pub worst_turn: Option<WorstTurn>,
    /// Its disk waits by system call.
    pub by_syscall: Vec<SyscallWaits>,
}

/// The longest turn of an event loop, and its longest disk wait.
#[derive(Clone, Debug, Deserialize)]
pub struct WorstTurn {
    /// When it began, from the window's start.
    pub at_ns: u64,
    /// How long it took.
    pub ns: u64,
    /// Its disk waits.
    pub disk_waits: u64,
    /// Their sum.
    pub disk_wait_ns: u64,
    /// The system call that the longest was in; none without disk waits.
    pub syscall: Option<String>,
    /// The longest, ns.
    #[serde(default)]
    pub disk_wait_max_ns: u64,
    /// The file.
    pub path: Option<String>,
    /// Where the call began to read or write.
    pub offset: Option<u64>,
    /// Name of the file's device.
    pub device_name: Option<String>,
    /// The peer of a traced call.
    pub client: Option<String>,
}

/// A thread's disk waits.
#[derive(Clone, Debug, Deserialize)]
pub struct ThreadWaits {
    /// Thread id.
    pub tid: u32,
    /// The best name known.
    pub name: String,
    /// `event_loop`, `poller`, `worker` or `unknown`.
    pub role: String,
    /// Disk waits.
    pub disk_waits: u64,
    /// Their sum, ns.
    pub disk_wait_ns: u64,
    /// The same by system call.
    pub by_syscall: Vec<SyscallWaits>,
}

/// A thread's disk waits in one system call.
#[derive(Clone, Debug, Deserialize)]
pub struct SyscallWaits {
    /// Its name.
    pub name: String,
    /// Disk waits.
    pub disk_waits: u64,
    /// Their sum, ns.
    pub disk_wait_ns: u64,
    /// The longest, ns.
    pub max_ns: u64,
}

/// A slow or disk-blocked call.
#[derive(Clone, Debug, Deserialize)]
pub struct SlowCall {
    /// When it was entered, from the window's start.
    pub at_ns: u64,
    /// Who made it.
    pub tid: u32,
    /// From entry to return.
    pub latency_ns: u64,
    /// Waiting for storage.
    pub disk_ns: u64,
    /// Bytes returned.
    pub bytes: u64,
    /// The file.
    pub path: Option<String>,
    /// First byte read.
    pub offset: Option<u64>,
    /// The peer.
    pub client: Option<String>,
    /// Class of the out descriptor.
    pub out: String,
    /// Connections that waited when it returned.
    pub behind: Option<u64>,
    /// The stack that it is told with.
    pub stack: Option<u32>,
}

/// Slow and disk-blocked calls on one file, or for one client.
#[derive(Clone, Debug, Deserialize)]
pub struct Culprit {
    /// The file's path, or the client's address.
    #[serde(alias = "path", alias = "address")]
    pub name: String,
    /// Calls.
    pub calls: u64,
    /// Bytes returned.
    pub bytes: u64,
    /// Calls with a disk wait.
    pub disk_blocked: u64,
    /// Their disk part.
    pub disk_wait_ns: u64,
    /// The user's name for the client.
    #[serde(default)]
    pub label: Option<String>,
    /// Pages that had to be read in; files alone say so.
    #[serde(default)]
    pub cold_requested: u64,
    /// First byte read; files alone say so.
    #[serde(default)]
    pub first_offset: Option<u64>,
    /// One past the last byte read; files alone say so.
    #[serde(default)]
    pub last_offset: Option<u64>,
}

/// What was measured.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    /// The options that chose it.
    pub selector: String,
    /// Its processes.
    pub processes: Vec<Process>,
    /// How many more were measured.
    #[serde(default)]
    pub processes_unlisted: Option<u64>,
    /// Whether it ended before the window did.
    #[serde(default)]
    pub ended_early: Option<bool>,
}

/// A measured process.
#[derive(Clone, Debug, Deserialize)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// The kernel's name for it.
    pub comm: String,
    /// Its arguments, joined by blanks.
    pub command_line: Option<String>,
    /// CLOCK_BOOTTIME at its start, ns.
    pub start_time_ns: u64,
}

/// What a process did with one system call.
#[derive(Clone, Debug, Deserialize)]
pub struct ProcessCalls {
    /// Process id.
    pub pid: u32,
    /// Calls.
    pub calls: u64,
    /// Bytes returned.
    pub bytes: u64,
}

/// The time between the attached probes and the end.
#[derive(Clone, Debug, Deserialize)]
pub struct Window {
    /// Wall clock when it opened.
    pub start: jiff::Timestamp,
    /// Its length, ns.
    pub duration_ns: u64,
}

/// How one thing was observed.
#[derive(Clone, Debug, Deserialize)]
pub struct Probe {
    /// Which thing.
    pub name: String,
    /// By which mechanism: `none` if it is not attached.
    pub mechanism: String,
    /// `attached`, `unavailable` or `off`.
    pub status: String,
    /// Why it is not attached.
    pub reason: Option<String>,
    /// Times that the kernel skipped it; `None` where the kernel does not tell.
    #[serde(default)]
    pub missed: Option<u64>,
}

/// What was not counted.
#[derive(Clone, Debug, Deserialize)]
pub struct Losses {
    /// Records of slow calls.
    pub slow_calls_dropped: u64,
    /// Threads.
    pub threads_dropped: u64,
    /// Processes.
    #[serde(default)]
    pub processes_dropped: u64,
    /// Calls.
    pub calls_uncounted: u64,
    /// Of these, those without room for their figures.
    pub records_dropped: u64,
    /// Calls of which a part would have been negative.
    pub parts_clamped: u64,
    /// Disk waits and slow calls without a stack.
    pub stacks_dropped: Option<u64>,
}

/// All calls of one system call.
#[derive(Clone, Debug, Deserialize)]
pub struct Syscall {
    /// Its name.
    pub name: String,
    /// From what to what it moves data, where it has a direction.
    pub direction: Option<String>,
    /// Calls inside the window.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// The same by name.
    pub errors_by_name: BTreeMap<String, u64>,
    /// Bytes returned.
    pub bytes: u64,
    /// Calls of at least the threshold.
    pub slow: u64,
    /// Calls with a disk wait.
    pub disk_blocked: u64,
    /// Disk waits.
    pub disk_waits: u64,
    /// Cold pages inside the returned ranges.
    pub cold_requested: Option<u64>,
    /// Cold pages outside of them.
    pub read_ahead: Option<u64>,
    /// Share of the returned ranges that was in memory.
    pub memory_share: Option<f64>,
    /// Calls past the page cache, where files are told apart.
    pub direct_calls: Option<u64>,
    /// Where the time went.
    pub time_ns: Parts,
    /// Latency of all calls.
    pub latency: Histogram,
    /// Latency by cause.
    pub by_cause: ByCause,
    /// Each process that made calls.
    pub processes: Vec<ProcessCalls>,
    /// Each thread that made calls.
    pub threads: Vec<Thread>,
    /// Files of slow and disk-blocked calls.
    #[serde(default)]
    pub files: Vec<Culprit>,
    /// Their clients.
    #[serde(default)]
    pub clients: Vec<Culprit>,
    /// Calls that had not returned when the window closed.
    pub in_flight: Vec<InFlight>,
}

/// The four parts of latency, ns.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Parts {
    /// On the CPU.
    pub on_cpu: u64,
    /// Asleep for storage.
    pub disk: u64,
    /// Runnable without a CPU.
    pub runqueue: u64,
    /// Asleep for something else.
    pub other: u64,
}

/// Latencies by cause.
#[derive(Clone, Debug, Deserialize)]
pub struct ByCause {
    /// Calls that kept the CPU.
    pub on_cpu: Histogram,
    /// Calls with a disk wait.
    pub disk: Histogram,
    /// Calls that lost the CPU and never slept.
    pub runqueue: Histogram,
    /// Calls that slept for something else alone.
    pub other: Histogram,
}

/// Latencies.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Histogram {
    /// Number of calls.
    pub count: u64,
    /// Their sum, ns.
    pub sum: u64,
    /// The shortest, ns.
    pub min: Option<u64>,
    /// The longest, ns.
    pub max: Option<u64>,
    /// `[low, high)` and the calls in it; no empty ones.
    pub buckets: Vec<(u64, u64, u64)>,
    /// The same by powers of two.
    pub log2: Vec<(u64, u64, u64)>,
    /// The median, at the upper edge of its bucket.
    pub p50: Option<u64>,
}

/// One thread's calls.
#[derive(Clone, Debug, Deserialize)]
pub struct Thread {
    /// Process id.
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
    /// CLOCK_BOOTTIME at its start.
    pub start_time_ns: u64,
    /// The kernel's name for it.
    pub comm: String,
    /// The best name known.
    pub name: String,
    /// Calls inside the window.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Bytes returned.
    pub bytes: u64,
    /// Calls of at least the threshold.
    pub slow: u64,
    /// Calls with a disk wait.
    pub disk_blocked: u64,
    /// Disk waits.
    pub disk_waits: u64,
    /// Their sum, ns.
    pub disk_wait_ns: u64,
    /// Cold pages inside the returned ranges.
    pub cold_requested: Option<u64>,
    /// Cold pages outside of them.
    pub read_ahead: Option<u64>,
    /// Latency of its calls.
    pub latency: Histogram,
}

/// A call that had not returned.
#[derive(Clone, Debug, Deserialize)]
pub struct InFlight {
    /// Process id.
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
    /// How long so far; `None`: it began before the window.
    pub since_ns: Option<u64>,
    /// When it returned after all, from the start of the window; for calls that began before it.
    #[serde(default)]
    pub returned_at_ns: Option<u64>,
}

impl Recording {
    /// Reads a file, after `check-recording` has found nothing wrong with it.
    ///
    /// # Panics
    /// If the file is no valid recording.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        check(path);
        let text = std::fs::read_to_string(path).expect("reading the recording");
        serde_json::from_str(&text).expect("the recording has the published shape")
    }

    /// The row of sendfile.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn sendfile(&self) -> &Syscall {
        let mut rows = self.syscalls.iter().filter(|syscall| syscall.name == "sendfile");
        let row = rows.next().expect("a row for sendfile");
        assert!(rows.next().is_none(), "two rows for sendfile");
        row
    }

    /// The row of a system call, with its direction where it has one: `splice file_to_pipe`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn row(&self, label: &str) -> &Syscall {
        let mut rows = self.syscalls.iter().filter(|syscall| syscall.label() == label);
        let row = rows.next().unwrap_or_else(|| panic!("no row for {label}"));
        assert!(rows.next().is_none(), "two rows for {label}");
        row
    }

    /// What was read through the page cache.
    ///
    /// # Panics
    /// If files were not told apart.
    #[must_use]
    pub fn page_cache(&self) -> &PageCache {
        self.page_cache.as_ref().expect("files are told apart")
    }

    /// Asserts that nothing was lost, missed or clamped, and that every probe that is wanted is attached.
    ///
    /// # Panics
    /// If something was.
    pub fn assert_nothing_lost(&self) {
        self.assert_nothing_lost_but(&[]);
    }

    /// The same where these things, and no others, are not observed at all.
    ///
    /// # Panics
    /// Likewise.
    pub fn assert_nothing_lost_but(&self, unavailable: &[&str]) {
        let Losses {
            slow_calls_dropped: _,
            threads_dropped,
            processes_dropped,
            calls_uncounted,
            records_dropped,
            parts_clamped,
            stacks_dropped,
        } = self.losses;
        let lost = [
            threads_dropped,
            processes_dropped,
            calls_uncounted,
            records_dropped,
            parts_clamped,
            stacks_dropped.unwrap_or(0),
        ];
        assert_eq!(lost, [0; 6], "{:?}", self.losses);
        assert!(!self.probes.is_empty(), "no probe is listed");
        let is_unavailable = |probe: &&Probe| probe.status == "unavailable";
        let missing: Vec<_> = self.probes.iter().filter(is_unavailable).map(|probe| probe.name.as_str()).collect();
        assert_eq!(missing, unavailable, "{:?}", self.probes);
        for probe in &self.probes {
            assert_eq!(probe.missed.unwrap_or(0), 0, "{probe:?}");
        }
    }
}

impl Syscall {
    /// Its name, with its direction where it has one.
    #[must_use]
    pub fn label(&self) -> String {
        self.direction.iter().fold(self.name.clone(), |name, direction| format!("{name} {direction}"))
    }

    /// The threads with this id, in the order of their start.
    #[must_use]
    pub fn threads_with(&self, tid: u32) -> Vec<&Thread> {
        let mut threads = self.threads.iter().filter(|thread| thread.tid == tid).collect::<Vec<_>>();
        threads.sort_by_key(|thread| thread.start_time_ns);
        threads
    }

    /// The one thread with this id.
    ///
    /// # Panics
    /// If there is none, or more than one.
    #[must_use]
    pub fn thread(&self, tid: u32) -> &Thread {
        let threads = self.threads_with(tid);
        assert_eq!(threads.len(), 1, "threads with the id {tid}");
        threads[0]
    }
}

impl Parts {
    /// The whole latency.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.on_cpu + self.disk + self.runqueue + self.other
    }
}

impl ByCause {
    /// Calls of each cause: on CPU, disk, run queue, other.
    #[must_use]
    pub fn counts(&self) -> [u64; 4] {
        [self.on_cpu.count, self.disk.count, self.runqueue.count, self.other.count]
    }
}

impl Histogram {
    /// Calls that certainly took at least so long: buckets that `ns` cuts are left out.
    #[must_use]
    pub fn surely_at_least(&self, ns: u64) -> u64 {
        self.buckets.iter().filter(|(low, _, _)| *low >= ns).map(|(_, _, count)| count).sum()
    }

    /// Calls that may have taken at least so long: buckets that `ns` cuts are taken in.
    #[must_use]
    pub fn perhaps_at_least(&self, ns: u64) -> u64 {
        self.buckets.iter().filter(|(_, high, _)| *high > ns).map(|(_, _, count)| count).sum()
    }
}
