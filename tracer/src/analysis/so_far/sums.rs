//! Sums over windows, by system call, by the names of processes, by probe.

use std::collections::BTreeMap;

use super::names::Names;
use crate::{
    analysis::merge::row::Row,
    model::{
        EventLoop, Losses, PagesRead, Pid, ProbeStatus, Recording, Role, SyscallRecord, ThreadCalls, ThreadRecord,
        ThreadRef, Tid,
    },
};

/// Name of a system call, its direction, and the name of a process.
pub type ProcessCallsKey = (String, Option<String>, String);

/// What windows add up to.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// By system call and direction, without rows of processes, threads, files and clients.
    pub syscalls: BTreeMap<(String, Option<String>), SyscallRecord>,
    /// The calls by process too; the thread in them is nobody.
    pub processes: BTreeMap<ProcessCallsKey, ThreadCalls>,
    /// The event loops of processes with a name as one; likewise.
    pub event_loops: BTreeMap<String, EventLoop>,
    /// All disk waits of processes with a name; likewise.
    pub waits: BTreeMap<String, ThreadRecord>,
    /// What was read through the page cache; `None` where files were not told apart.
    pub page_cache: Option<PagesRead>,
    /// What could not be counted.
    pub losses: Losses,
    /// By probe and mechanism: events that it missed; `None` where the kernel does not tell.
    pub missed: BTreeMap<(String, &'static str), Option<u64>>,
}

impl Sums {
    /// Adds a window.
    pub fn add(&mut self, recording: &Recording, names: &Names) {
        for syscall in &recording.syscalls {
            let key = (syscall.name.clone(), syscall.direction.clone());
            for row in &syscall.threads {
                let key = (key.0.clone(), key.1.clone(), names.of(row.thread.pid).to_owned());
                add(&mut self.processes, key, ThreadCalls { thread: nobody(), ..row.clone() });
            }
            add(&mut self.syscalls, key, bare(syscall));
        }
        for row in &recording.event_loops {
            let bare = EventLoop { thread: nobody(), worst_turn: None, by_syscall: Vec::new(), ..row.clone() };
            add(&mut self.event_loops, names.of(row.thread.pid).to_owned(), bare);
        }
        for row in &recording.threads {
            let bare = ThreadRecord { thread: nobody(), by_syscall: None, still_waiting: None, ..row.clone() };
            add(&mut self.waits, names.of(row.thread.pid).to_owned(), bare);
        }
        if let Some(page_cache) = &recording.page_cache {
            add_pages(self.page_cache.get_or_insert_default(), &page_cache.total);
        }
        add_losses(&mut self.losses, &recording.losses);
        for probe in recording.probes.iter().filter(|probe| probe.status == ProbeStatus::Attached) {
            let sum = self.missed.entry((probe.name.clone(), probe.mechanism.label())).or_insert(Some(0));
            *sum = sum.zip(probe.missed).map(|(sum, missed)| sum.saturating_add(missed));
        }
    }
}

fn add<K: Ord, R: Row + Clone>(rows: &mut BTreeMap<K, R>, key: K, row: R) {
    match rows.get_mut(&key) {
        Some(sum) => {
            let before = sum.clone();
            // A figure that gets too large stays what it was.
            if sum.add(row).is_none() {
                *sum = before;
            }
        }
        None => drop(rows.insert(key, row)),
    }
}

fn bare(syscall: &SyscallRecord) -> SyscallRecord {
    SyscallRecord {
        processes: Vec::new(),
        threads: Vec::new(),
        files: None,
        clients: None,
        in_flight: Vec::new(),
        ..syscall.clone()
    }
}

/// Stands where a row is about several threads.
fn nobody() -> ThreadRef {
    ThreadRef {
        hostname: None,
        pid: Pid(0),
        tid: Tid(0),
        start_time_ns: 0,
        comm: String::new(),
        name: String::new(),
        role: Role::Unknown,
    }
}

fn add_pages(sum: &mut PagesRead, more: &PagesRead) {
    for (sum, more) in [
        (&mut sum.calls, more.calls),
        (&mut sum.bytes, more.bytes),
        (&mut sum.pages, more.pages),
        (&mut sum.cold_requested, more.cold_requested),
        (&mut sum.read_ahead, more.read_ahead),
        (&mut sum.direct_calls, more.direct_calls),
        (&mut sum.direct_bytes, more.direct_bytes),
        (&mut sum.faults, more.faults),
        (&mut sum.fault_pages, more.fault_pages),
    ] {
        *sum = sum.saturating_add(more);
    }
}

fn add_losses(sum: &mut Losses, more: &Losses) {
    for (sum, more) in [
        (&mut sum.slow_calls_dropped, more.slow_calls_dropped),
        (&mut sum.threads_dropped, more.threads_dropped),
        (&mut sum.calls_uncounted, more.calls_uncounted),
        (&mut sum.parts_clamped, more.parts_clamped),
    ] {
        *sum = sum.saturating_add(more);
    }
    for (sum, more) in
        [(&mut sum.processes_dropped, more.processes_dropped), (&mut sum.records_dropped, more.records_dropped)]
    {
        *sum = more.map_or(*sum, |more| Some(sum.unwrap_or(0).saturating_add(more)));
    }
}
