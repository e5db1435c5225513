//! What a verdict rests on, row by row: who, on what, for whom, why, at what cost, and what to try.
//!
//! Each report lays these rows out in its own way; the words are the same.

use std::collections::BTreeSet;

use super::{
    facts::{self, address, call, identity, thread_name},
    hosts,
    loops::behind,
    percentile::of_turns,
    worst,
};
use crate::{
    escape::escape,
    model::{
        EventLoop, FileCalls, Histogram, Recording, Status, SyscallRecord, ThreadRecord, ThreadRef, culprit::NONE,
    },
    render::layout::last_name,
    units::{NO_VALUE, count, counted, duration, latency},
};

/// Said where all records of disk-blocked calls were lost.
const UNTOLD: &str = "unknown: the records of the disk-blocked calls were dropped";

/// So many system calls are named in a line.
const NAMED: usize = 2;

/// The rows behind a verdict. What a verdict that is not `blocked` lacks is empty.
pub struct Findings {
    /// The event loops that were blocked.
    pub who: Vec<Who>,
    /// Those beyond the rows that were asked for.
    pub more: usize,
    /// Where most disk-blocked calls read; `None` if there were none.
    pub on: Option<Place>,
    /// Whom most disk-blocked calls served; `None` likewise.
    pub serving: Option<Peer>,
    /// Why the status is what it is.
    pub why: Vec<String>,
    /// What the disk waits cost.
    pub cost: Vec<String>,
    /// What to try.
    pub advice: Vec<String>,
}

/// An event loop and what it did, which is empty if it is not known.
pub struct Who {
    /// Its tid, behind its host where there are several.
    pub id: String,
    /// Its name.
    pub name: String,
    /// In figures.
    pub did: String,
}

/// Where disk-blocked calls read.
pub enum Place {
    /// No file, or nothing that is known: a sentence.
    Nowhere(String),
    /// The directory, or the file where it has none.
    Files {
        /// Its path.
        path: String,
        /// How many of the disk-blocked calls.
        share: String,
        /// How many files, where there are several.
        several: Option<String>,
        /// The name of the worst file, if `path` is a directory.
        file: Option<String>,
        /// Which part of it.
        offsets: Option<String>,
        /// On which device.
        device: Option<String>,
    },
}

/// Whom disk-blocked calls served.
pub enum Peer {
    /// Nobody, or nobody known: a sentence.
    Nobody(String),
    /// A client, or all connections of its host.
    Client {
        /// Its address, or its host if it had several connections.
        name: String,
        /// The user's name for it.
        label: Option<String>,
        /// How many of the disk-blocked calls.
        share: String,
    },
}

impl Findings {
    /// Of this recording, with at most `top` event loops.
    pub fn of(recording: &Recording, top: usize) -> Self {
        let verdict = &recording.verdict;
        let is_blocked = verdict.status == Status::Blocked;
        let who = verdict.threads.iter().take(top).map(|thread| who(recording, thread)).collect();
        // A summary of what is missing often says all of it already.
        let reasons = verdict.reasons.iter().filter(|reason| !verdict.summary.contains(*reason));
        Self {
            who,
            more: verdict.threads.len().saturating_sub(top),
            on: if is_blocked { on(recording) } else { None },
            serving: if is_blocked { serving(recording) } else { None },
            why: reasons.map(|reason| escape(reason)).collect(),
            cost: if is_blocked { costs(recording) } else { Vec::new() },
            advice: verdict.advice.iter().map(|advice| escape(advice)).collect(),
        }
    }

    /// The row for the event loops beyond those asked for; `None` if there are none.
    pub fn more_loops(&self) -> Option<String> {
        let more = self.more as u64;
        (more > 0).then(|| format!("… and {}", counted(more, "more event loop", "more event loops")))
    }
}

impl Place {
    /// What is said of a place beside its path; `cut` shortens the name of its file.
    pub fn rest(&self, cut: impl Fn(&str) -> String) -> String {
        let Self::Files { share, several, file, offsets, device, .. } = self else { return String::new() };
        let mut facts = Vec::new();
        if let Some(file) = file {
            let worst = several.as_ref().map_or_else(String::new, |several| format!("{several}, worst "));
            facts.push(worst + &cut(file));
        }
        facts.extend(offsets.as_ref().map(|offsets| format!("offsets {offsets}")));
        let facts = if facts.is_empty() { share.clone() } else { format!("{share}; {}", facts.join(", ")) };
        let device = device.as_ref().map_or_else(String::new, |device| format!("; device {device}"));
        format!("({facts}){device}")
    }
}

fn who(recording: &Recording, thread: &ThreadRef) -> Who {
    let host = hosts::prefix(thread.hostname.as_deref());
    Who { id: format!("{host}{}", thread.tid), name: thread_name(thread), did: did(recording, thread) }
}

/// The directory that most disk-blocked calls read from, and its worst file.
fn on(recording: &Recording) -> Option<Place> {
    let group = worst::directory(recording)?;
    let share = format!("{} of {}", count(group.disk_blocked), count(group.of));
    Some(match group.worst() {
        None => Place::Nowhere(UNTOLD.into()),
        Some(file) if file.path == NONE => Place::Nowhere(format!("no file ({share})")),
        Some(file) => Place::Files {
            path: escape(&place(file)),
            share,
            several: (group.rows.len() > 1).then(|| format!("{} files", count(group.rows.len() as u64))),
            file: file.directory.is_some().then(|| escape(last_name(&file.path))),
            offsets: facts::offsets(file),
            device: facts::device(file).map(|device| device + &on_hosts(&group.rows)),
        },
    })
}

/// ` on broker-1`, ` on 3 hosts`; nothing where there is one.
fn on_hosts(files: &[&FileCalls]) -> String {
    let hosts: BTreeSet<_> = files.iter().filter_map(|row| row.hostname.as_deref()).collect();
    match hosts.first() {
        None => String::new(),
        Some(host) if hosts.len() == 1 => format!(" on {}", escape(host)),
        Some(_) => format!(" on {} hosts", hosts.len()),
    }
}

/// A directory, with a slash; the file where its directory is not known.
fn place(file: &FileCalls) -> String {
    match file.directory.as_deref() {
        Some(directory) => format!("{}/", directory.strip_suffix('/').unwrap_or(directory)),
        None => file.path.clone(),
    }
}

/// The client that most disk-blocked calls served: its address, or its host if it had several connections.
fn serving(recording: &Recording) -> Option<Peer> {
    if worst::warms_the_cache(recording) {
        return Some(Peer::Nobody("none: the bytes went to /dev/null, it warms the cache".into()));
    }
    let group = worst::host(recording)?;
    let share = format!("{} of {}", count(group.disk_blocked), count(group.of));
    let Some(client) = group.worst() else { return Some(Peer::Nobody(UNTOLD.into())) };
    if group.is_nobody() {
        return Some(Peer::Nobody(format!("no known peer ({share})")));
    }
    let (name, share) = match (&client.host, group.rows.len() as u64) {
        (Some(host), connections @ 2..) => {
            (escape(host), format!("({share}; {})", counted(connections, "connection", "connections")))
        }
        _ => (address(client), format!("({share})")),
    };
    Some(Peer::Client { name, label: client.label.as_deref().map(escape), share })
}

/// What a blocked thread did, in figures: its disk-blocked calls and its disk waits, whichever are known.
fn did(recording: &Recording, thread: &ThreadRef) -> String {
    let id = identity(thread);
    let rows = recording.syscalls.iter().flat_map(|syscall| &syscall.threads);
    let blocked = facts::sum(rows.filter(|row| identity(&row.thread) == id), |row| row.disk_blocked);
    let mut facts = Vec::new();
    if blocked > 0 {
        facts.push(counted(blocked, "disk-blocked call", "disk-blocked calls"));
    }
    if let Some(row) = recording.threads.iter().find(|row| identity(&row.thread) == id) {
        if row.disk_waits > 0 || row.still_waiting.is_none() {
            let waits = counted(row.disk_waits, "disk wait", "disk waits");
            // The calls of its own that the line names already tell where the waits were.
            let places = if blocked > 0 { String::new() } else { in_calls(row) };
            facts.push(format!("{waits}{places}"));
            facts.push(duration(row.disk_wait_ns));
            facts.extend(row.disk_wait_max_ns.map(|longest_ns| format!("longest {}", duration(longest_ns))));
        }
        if let Some(wait) = &row.still_waiting {
            facts.push(format!("still waiting, {} in {}", duration(wait.since_ns), call(&wait.name)));
        }
    }
    facts.join(", ")
}

/// ` in pread64, fsync`: where a thread waited longest; nothing if it is not known.
fn in_calls(row: &ThreadRecord) -> String {
    let mut names: Vec<_> = row.by_syscall.iter().flatten().map(|waits| call(&waits.name)).collect();
    if names.len() > NAMED {
        names.truncate(NAMED);
        names.push("…".into());
    }
    if names.is_empty() { String::new() } else { format!(" in {}", names.join(", ")) }
}

/// A line for each thing that the disk waits cost, with the limits of the estimate behind the last.
fn costs(recording: &Recording) -> Vec<String> {
    let loops = blocked_loops(recording);
    let syscalls = recording.syscalls.iter().filter(|syscall| syscall.disk_blocked > 0);
    let costs = waited_behind(&loops).into_iter().chain(syscalls.map(cost)).chain(turns(&loops));
    let mut costs: Vec<_> = costs.collect();
    if let Some(last) = costs.last_mut() {
        *last += " (first order: queueing not modelled)";
    }
    costs
}

/// The event loops that the verdict names.
fn blocked_loops(recording: &Recording) -> Vec<EventLoop> {
    let named: BTreeSet<_> = recording.verdict.threads.iter().map(identity).collect();
    let loops = recording.event_loops.iter();
    loops.filter(|row| named.contains(&identity(&row.thread))).cloned().collect()
}

/// The connections that waited behind these event loops; `None` if there were none, or none are known of.
fn waited_behind(loops: &[EventLoop]) -> Option<String> {
    let connections = facts::sum(loops, |row| row.behind.unwrap_or(0));
    let most = loops.iter().filter_map(|row| row.behind_max).max()?;
    (connections > 0).then(|| {
        let behind = behind(Some(connections), loops);
        let were = if connections == 1 { "connection" } else { "connections" };
        format!("{behind} {were} waited behind the disk-blocked calls (worst call: {})", count(most))
    })
}

/// The tail with and without the disk waits.
fn cost(syscall: &SyscallRecord) -> String {
    let p999 = |histogram: &Histogram| histogram.percentile(999).map_or_else(|| NO_VALUE.into(), latency);
    let name = facts::syscall_name(syscall);
    format!("{name} p99.9 {}, without the disk waits {}", p999(&syscall.latency), p999(&syscall.without_disk))
}

/// The tail of these event loops' turns, with and without the disk waits; `None` if it is not known.
fn turns(loops: &[EventLoop]) -> Option<String> {
    let with = of_turns(loops, |row| row.turn_latency.as_ref(), 999)?;
    let without = of_turns(loops, |row| row.turn_latency_without_disk.as_ref(), 999)?;
    Some(format!("their turns p99.9 {}, without the disk waits {}", latency(with), latency(without)))
}
