//! What a workload says about itself: two lines of JSON, before and after its work.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

/// The first line: set-up is done, the work waits for a line on stdin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// The kind of work.
    pub ready: String,
    /// Process id.
    pub pid: u32,
    /// The threads that exist already and will make calls.
    pub threads: Vec<ThreadId>,
}

/// A thread that exists.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ThreadId {
    /// Thread id.
    pub tid: u32,
}

/// The second line: what was done, thread by thread.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Truth {
    /// Every thread that made calls, in the order of their start.
    pub threads: Vec<ThreadTruth>,
}

/// What one thread did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ThreadTruth {
    /// Thread id.
    pub tid: u32,
    /// Its start in `/proc/PID/task/TID/stat`: CLOCK_BOOTTIME in clock ticks.
    pub start_ticks: u64,
    /// Calls that returned.
    pub calls: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Calls that failed, by the name of the error.
    pub errors: BTreeMap<String, u64>,
    /// CLOCK_MONOTONIC just before a call that has not returned, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_call_since_ns: Option<u64>,
    /// Each call, in order; empty where the kind of work only counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<CallTruth>,
    /// How often the thread gave up its CPU, by the system call that it did so in, where the kind of work is about
    /// that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sleeps_in: BTreeMap<String, u64>,
    /// Each turn of an event loop, in order, where the kind of work is about them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<TurnTruth>,
    /// Time in its readiness waits, ns.
    #[serde(default)]
    pub waiting_ns: u64,
    /// Each call's file and peer, in order, where the kind of work is about them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<CallEnds>,
    /// What calls of each kind came to, where the kind of work makes several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<KindTruth>,
}

/// What a thread's calls of one kind on one file came to. Pages are of 4 KiB, by mincore.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct KindTruth {
    /// The system call and, where it has one, its direction: `pread64`, `splice file_to_pipe`; `page_fault`.
    pub row: String,
    /// The file that is read.
    pub path: Option<PathBuf>,
    /// Calls that returned.
    pub calls: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Calls that failed, by the name of the error.
    pub errors: BTreeMap<String, u64>,
    /// Whether the file was opened for direct I/O.
    pub is_direct: bool,
    /// Pages of the returned ranges.
    pub pages: u64,
    /// Those of them that were not in memory before each call.
    pub cold_before: u64,
    /// Pages of the returned ranges that the calls brought in, once reads in flight had ended; 0 if not looked at.
    pub gained_inside: u64,
    /// Other pages that they brought in; likewise.
    pub gained_outside: u64,
    /// Page faults that brought pages in; likewise.
    pub gaining_faults: u64,
    /// Page faults that the kernel calls major (`ru_majflt`).
    pub major_faults: u64,
    /// Times that the thread gave up the CPU (`ru_nvcsw`).
    pub sleeps: u64,
}

impl KindTruth {
    /// Takes one more call into the sums.
    pub fn count(&mut self, returned: i64) {
        self.calls += 1;
        match u64::try_from(returned) {
            Ok(bytes) => self.bytes += bytes,
            Err(_) => *self.errors.entry(error_name(-returned)).or_default() += 1,
        }
    }
}

/// A turn of an event loop.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TurnTruth {
    /// CLOCK_MONOTONIC just after the readiness wait that began it, ns.
    pub began_at_ns: u64,
    /// Until just before the next readiness wait, ns.
    pub latency_ns: u64,
    /// Time in reads of what was not in memory, ns.
    pub disk_ns: u64,
}

/// What a call read, and for whom, as the kernel's own interfaces name both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnds {
    /// The file: the link in `/proc/self/fd`.
    pub path: String,
    /// First byte read.
    pub offset: u64,
    /// The peer by getpeername(2), or the name of one's own end of a unix socket; none for what is no socket.
    pub client: Option<String>,
    /// `socket`, `null`, `pipe`, `file` or `other`.
    pub out: String,
}

/// One call. A measure that was not taken is `None`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct CallTruth {
    /// CLOCK_MONOTONIC just before the call, ns.
    pub entered_at_ns: u64,
    /// From just before to just after the call by CLOCK_MONOTONIC, ns.
    pub latency_ns: u64,
    /// Bytes, or the negated error number.
    pub returned: i64,
    /// First byte of the range asked for.
    pub offset: u64,
    /// Length of the range asked for.
    pub requested_bytes: u64,
    /// Whether every page of the range was in the page cache before the call, by mincore.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_before: Option<bool>,
    /// Pages of the returned range that the call brought into the page cache, by mincore.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gained_inside: Option<u64>,
    /// Pages outside of the returned range that it brought in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gained_outside: Option<u64>,
    /// The thread's sleeps for block I/O, by taskstats; to be trusted for real-time threads alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_sleeps: Option<u64>,
    /// How long they were, ns, until the wake-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_sleep_ns: Option<u64>,
    /// CPU time of the thread, by CLOCK_THREAD_CPUTIME_ID, ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_ns: Option<u64>,
    /// Time that the thread waited for a CPU, by schedstat, ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_delay_ns: Option<u64>,
    /// Times that the thread gave up the CPU (`ru_nvcsw`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voluntary_switches: Option<u64>,
    /// Times that the thread lost the CPU (`ru_nivcsw`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub involuntary_switches: Option<u64>,
    /// From just before the call until a peer began to make room for it, ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_ns: Option<u64>,
}

impl ThreadTruth {
    /// Takes one more call into the sums.
    pub fn count(&mut self, returned: i64) {
        self.calls += 1;
        match u64::try_from(returned) {
            Ok(bytes) => self.bytes += bytes,
            Err(_) => *self.errors.entry(error_name(-returned)).or_default() += 1,
        }
    }

    /// All errors.
    #[must_use]
    pub fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }
}

impl Truth {
    /// The calls of all threads.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.threads.iter().map(|thread| thread.calls).sum()
    }

    /// The bytes of all threads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.threads.iter().map(|thread| thread.bytes).sum()
    }

    /// What each thread's calls of each kind came to, with the thread's id.
    pub fn kinds(&self) -> impl Iterator<Item = (u32, &KindTruth)> {
        self.threads.iter().flat_map(|thread| thread.kinds.iter().map(|kind| (thread.tid, kind)))
    }

    /// The errors of all threads, by name.
    #[must_use]
    pub fn errors(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for thread in &self.threads {
            for (name, count) in &thread.errors {
                *all.entry(name.clone()).or_default() += count;
            }
        }
        all
    }

    /// Each call of each thread.
    pub fn each(&self) -> impl Iterator<Item = &CallTruth> {
        self.threads.iter().flat_map(|thread| &thread.each)
    }

    /// The sum of one measure over all calls.
    ///
    /// # Panics
    /// If a call lacks the measure: a sum over nothing would prove nothing.
    #[must_use]
    pub fn sum(&self, measure: impl Fn(&CallTruth) -> Option<u64>) -> u64 {
        assert_ne!(self.each().count(), 0, "the workload reported no single calls");
        self.each().map(|call| measure(call).expect("the workload took this measure")).sum()
    }
}

impl CallTruth {
    /// What of the latency the thread neither ran nor waited for a CPU: it slept.
    ///
    /// # Panics
    /// If the workload did not measure the call.
    #[must_use]
    pub fn slept_ns(&self) -> u64 {
        let awake_ns = self.cpu_ns.zip(self.run_delay_ns).map(|(cpu, delay)| cpu + delay);
        self.latency_ns.saturating_sub(awake_ns.expect("the workload measured the call"))
    }

    /// One past the last byte that the call returned.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset + u64::try_from(self.returned).unwrap_or(0)
    }
}

/// The names of the errors that the workloads provoke; others by number, so that they stand out.
fn error_name(errno: i64) -> String {
    match i32::try_from(errno) {
        Ok(libc::EAGAIN) => "EAGAIN".to_owned(),
        Ok(libc::EBADF) => "EBADF".to_owned(),
        Ok(libc::EINVAL) => "EINVAL".to_owned(),
        _ => format!("errno {errno}"),
    }
}
