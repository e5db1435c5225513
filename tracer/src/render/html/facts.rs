//! What several parts of the page say of a recording.

use std::collections::BTreeSet;

pub use crate::render::facts::{call, identity, syscall_name as label};
use crate::{
    model::{Recording, SyscallRecord, ThreadIdentity, ThreadRef},
    render::{facts::knows_disk_waits, hosts},
    units::{self, NO_VALUE, count},
};

/// A recording, and what the page asks of it again and again.
pub struct Facts<'a> {
    /// The recording.
    pub recording: &'a Recording,
    /// Whether disk waits were observed. If not, a 0 in the recording is no measured zero.
    pub knows_disk_waits: bool,
    /// The event loops that the verdict names.
    pub blocked: BTreeSet<ThreadIdentity<'a>>,
}

impl<'a> Facts<'a> {
    /// Of a recording.
    pub fn of(recording: &'a Recording) -> Self {
        Self {
            recording,
            knows_disk_waits: knows_disk_waits(recording),
            blocked: recording.verdict.threads.iter().map(identity).collect(),
        }
    }

    /// The system calls with most calls first: charts are drawn for so many of them as there were calls of.
    pub fn busiest(&self) -> Vec<&'a SyscallRecord> {
        let mut calls: Vec<_> = self.recording.syscalls.iter().filter(|syscall| syscall.calls > 0).collect();
        calls.sort_by_key(|syscall| std::cmp::Reverse(syscall.calls));
        calls
    }
}

/// A thread's name as its rows show it.
pub fn name(thread: &ThreadRef) -> String {
    if thread.name.trim().is_empty() { "(no name)".into() } else { thread.name.clone() }
}

/// The target: `pid 4088 java`, `java (kafka.Kafka) on 3 hosts`.
pub fn target(recording: &Recording) -> String {
    match recording.target.processes.as_slice() {
        _ if hosts::are_several(recording) => hosts::target(recording).concat(),
        [] => recording.target.selector.clone(),
        [process] => format!("pid {} {}", process.pid, process.comm),
        [first, rest @ ..] => format!("pid {} {} and {} more", first.pid, first.comm, count(rest.len() as u64)),
    }
}

/// A latency off a histogram, or `–`.
pub fn latency(ns: Option<u64>) -> String {
    ns.map_or_else(|| NO_VALUE.into(), units::latency)
}
