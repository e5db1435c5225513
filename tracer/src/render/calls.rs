//! What a system call did, in words and figures, as every report shows it.

use super::{columns::time, facts};
use crate::{
    escape::escape,
    model::{PAGE_BYTES, PagesRead, Recording, SyscallRecord},
    units::{NO_VALUE, bytes, count, counted, latency, percent, share},
};

/// The figures of all calls of one system call.
pub struct Totals {
    /// How many.
    pub calls: String,
    /// Bytes that they returned.
    pub bytes: String,
    /// p50, p99, p99.9 and the maximum.
    pub latencies: [String; 4],
    /// Those that were disk-blocked, and their share.
    pub disk_blocked: String,
    /// The disk part.
    pub waited: String,
    /// Those of at least the threshold.
    pub slow: String,
}

impl Totals {
    /// Of this system call.
    pub fn of(recording: &Recording, syscall: &SyscallRecord) -> Self {
        let knows_disk_waits = facts::knows_disk_waits(recording);
        let disk = |figure: String| if knows_disk_waits { figure } else { facts::UNKNOWN.into() };
        let percentile = |per_mille| syscall.latency.percentile(per_mille).map_or_else(|| NO_VALUE.into(), latency);
        let max = syscall.latency.max_ns().map_or_else(|| NO_VALUE.into(), latency);
        let blocked = format!("{} ({})", count(syscall.disk_blocked), percent(syscall.disk_blocked, syscall.calls));
        Self {
            calls: count(syscall.calls),
            bytes: bytes(syscall.bytes),
            latencies: [percentile(500), percentile(990), percentile(999), max],
            disk_blocked: disk(blocked),
            waited: disk(time(syscall.time_ns.disk)),
            slow: count(syscall.slow),
        }
    }
}

/// How many calls failed, and the errors by name, most frequent first; `None` if none did.
pub fn errors(syscall: &SyscallRecord) -> Option<Vec<String>> {
    if syscall.errors == 0 {
        return None;
    }
    let mut by_name: Vec<_> = syscall.errors_by_name.iter().collect();
    by_name.sort_by_key(|&(name, &number)| (std::cmp::Reverse(number), name));
    let total = format!("{} failed", counted(syscall.errors, "call", "calls"));
    let by_name = by_name.into_iter().map(|(name, &number)| format!("{} {}", escape(name), count(number)));
    Some(std::iter::once(total).chain(by_name).collect())
}

/// Share of the pages that was in memory, and what was read in; `None` if nothing was returned from a file.
pub fn memory(syscall: &SyscallRecord) -> Option<Vec<String>> {
    let Some(cold) = syscall.cold_requested else {
        return Some(vec!["unknown: the page cache was not observed".into()]);
    };
    if syscall.bytes == 0 {
        return None;
    }
    let mut items = Vec::new();
    items.extend(syscall.memory_share.map(|in_memory| format!("{} of the pages were in memory", share(in_memory))));
    if cold > 0 {
        items.push(format!("{} ({})", counted(cold, "cold page", "cold pages"), page_bytes(cold)));
    }
    if let Some(ahead) = syscall.read_ahead.filter(|&ahead| ahead > 0) {
        items.push(format!("{} read ahead ({})", count(ahead), page_bytes(ahead)));
    }
    items.extend(direct(syscall.direct_calls.unwrap_or(0), syscall.direct_bytes.unwrap_or(0)));
    (!items.is_empty()).then_some(items)
}

/// Reads past the page cache, if there were any: they are no misses.
fn direct(calls: u64, read: u64) -> Option<String> {
    (calls > 0)
        .then(|| format!("past the page cache (direct I/O): {}, {}", counted(calls, "call", "calls"), bytes(read)))
}

/// What was read, and how much of it was not in memory.
pub fn pages_read(read: &PagesRead) -> Vec<String> {
    if *read == PagesRead::default() {
        return vec!["none was read".into()];
    }
    let mut items = vec![format!("{} read in {}", bytes(read.bytes), counted(read.calls, "call", "calls"))];
    items.extend(read.memory_share.map(|in_memory| format!("{} of the pages were in memory", share(in_memory))));
    if read.cold_requested > 0 {
        items.push(format!(
            "{} ({})",
            counted(read.cold_requested, "cold page", "cold pages"),
            page_bytes(read.cold_requested)
        ));
    }
    if read.read_ahead > 0 {
        items.push(format!("{} read ahead ({})", count(read.read_ahead), page_bytes(read.read_ahead)));
    }
    items.extend(direct(read.direct_calls, read.direct_bytes));
    if read.faults > 0 {
        let faults = counted(read.faults, "page fault", "page faults");
        items.push(format!("{faults} brought in {} ({})", count(read.fault_pages), page_bytes(read.fault_pages)));
    }
    items
}

/// The size of so many pages.
pub fn page_bytes(pages: u64) -> String {
    bytes(pages.saturating_mul(PAGE_BYTES))
}

/// One of the causes: its calls, and the part of all calls' time.
pub struct Cause {
    /// As people read it.
    pub name: &'static str,
    /// Calls that have it.
    pub calls: u64,
    /// Time of all calls.
    pub ns: u64,
}

impl Cause {
    /// [`Cause::name`] of disk waits.
    pub const DISK: &str = "disk";

    /// Calls, their share, time and its share, as cells.
    pub fn cells(&self, syscall: &SyscallRecord) -> [String; 4] {
        let parts = &syscall.time_ns;
        let total_ns = facts::sum(&[parts.on_cpu, parts.disk, parts.runqueue, parts.other], |&ns| ns);
        [count(self.calls), percent(self.calls, syscall.calls), time(self.ns), percent(self.ns, total_ns)]
    }
}

/// Each call has one cause; each ns of a call is in one of the four parts.
pub fn causes(syscall: &SyscallRecord) -> [Cause; 4] {
    let (parts, cause) = (&syscall.time_ns, &syscall.by_cause);
    [
        Cause { name: "on CPU", calls: cause.on_cpu.count(), ns: parts.on_cpu },
        Cause { name: Cause::DISK, calls: cause.disk.count(), ns: parts.disk },
        Cause { name: "run queue", calls: cause.runqueue.count(), ns: parts.runqueue },
        Cause { name: "other wait", calls: cause.other.count(), ns: parts.other },
    ]
}
