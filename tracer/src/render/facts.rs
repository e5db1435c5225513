//! What every report says alike: whether the disk waits are known, who a thread is, what a row is called.
//!
//! Words are safe to print on a terminal (see [`crate::escape`]); markup escapes them once more in its own way.

use std::collections::BTreeSet;

use super::hosts;
use crate::{
    escape::escape,
    model::{
        ClientCalls, FileCalls, InFlight, PAGE_FAULT, Probe, ProbeStatus, Process, Recording, Role, Status,
        SyscallRecord, ThreadIdentity, ThreadRef, culprit::NONE, program,
    },
    units::{byte_range, count, counted, duration, setting},
};

/// Stands for a figure whose probe was not attached: a 0 in the recording is then no measured zero.
pub const UNKNOWN: &str = "unknown";

/// Stands for the files of the page cache that found no room.
pub const OTHER_FILES: &str = "(other: too many to list)";

/// Whether disk waits were observed. If not, a 0 in the recording is no measured zero.
pub fn knows_disk_waits(recording: &Recording) -> bool {
    let mut probes = recording.probes.iter().filter(|probe| probe.name == Probe::DISK_WAITS);
    probes.all(|probe| probe.status == ProbeStatus::Attached)
}

/// Whether threads of more than one process of a host are listed.
fn has_several_processes(recording: &Recording) -> bool {
    let processes = &recording.target.processes;
    let hosts: BTreeSet<_> = processes.iter().map(|process| &process.hostname).collect();
    processes.len() > hosts.len()
}

/// How many event loops the recording knows.
pub fn event_loops(recording: &Recording) -> usize {
    let calls = recording.syscalls.iter().flat_map(|syscall| {
        let threads = syscall.threads.iter().map(|row| &row.thread);
        threads.chain(syscall.in_flight.iter().map(|call| &call.thread))
    });
    let others = recording.threads.iter().map(|row| &row.thread).chain(&recording.verdict.threads);
    let others = others.chain(recording.event_loops.iter().map(|row| &row.thread));
    let loops = calls.chain(others).filter(|thread| thread.role == Role::EventLoop);
    loops.map(identity).collect::<BTreeSet<_>>().len()
}

/// What tells a thread from all others, also from one that had its tid before.
pub fn identity(thread: &ThreadRef) -> ThreadIdentity<'_> {
    thread.identity()
}

/// A thread's name as its rows show it.
pub fn thread_name(thread: &ThreadRef) -> String {
    if thread.name.trim().is_empty() { "(no name)".into() } else { escape(&thread.name) }
}

/// A thread's id as its rows show it: with the process where there are several.
pub fn tid(recording: &Recording, thread: &ThreadRef) -> String {
    if has_several_processes(recording) { format!("{}/{}", thread.pid, thread.tid) } else { thread.tid.to_string() }
}

/// The heading of the column of [`tid`].
pub fn tid_heading(recording: &Recording) -> &'static str {
    if has_several_processes(recording) { "pid/tid" } else { "tid" }
}

/// A system call, or page faults, as rows and sentences show it.
pub fn call(name: &str) -> String {
    if name == PAGE_FAULT { "page faults".into() } else { escape(name) }
}

/// A system call as headings and rows show it: `splice file→pipe`.
pub fn call_label(name: &str, direction: Option<&str>) -> String {
    match direction {
        Some(direction) => escape(&format!("{name} {}", direction.replace("_to_", "→"))),
        None => escape(name),
    }
}

/// What a row of traced calls is called.
pub fn syscall_name(syscall: &SyscallRecord) -> String {
    call_label(&syscall.name, syscall.direction.as_deref())
}

/// The same for programs: the name and, behind `separator`, the direction as the recording has it.
pub fn syscall_key(syscall: &SyscallRecord, separator: &str) -> String {
    let direction = syscall.direction.iter().map(|direction| format!("{separator}{direction}"));
    escape(&std::iter::once(syscall.name.clone()).chain(direction).collect::<String>())
}

/// A file, as its rows show it.
pub fn path(row: &FileCalls) -> String {
    if row.path == NONE { "(none: no file)".into() } else { escape(&row.path) }
}

/// A client's address, as rows and the verdict show it.
pub fn address(row: &ClientCalls) -> String {
    match row.address.as_str() {
        NONE => "(none: no known peer)".into(),
        "unix:" => "unix: (no name)".into(),
        address => escape(address),
    }
}

/// The files or clients that have no row of their own, and why.
pub fn other(recording: &Recording) -> String {
    if recording.losses.slow_calls_dropped > 0 {
        "(other: records dropped)".into()
    } else {
        "(other: too many to list)".into()
    }
}

/// Which part of a file was read; `None` if it is not known.
pub fn offsets(row: &FileCalls) -> Option<String> {
    row.first_offset.zip(row.last_offset).map(|(first, last)| byte_range(first, last))
}

/// Name or number of a file's device; `None` where there is no file.
pub fn device(row: &FileCalls) -> Option<String> {
    row.device_name.as_deref().or(row.device.as_deref()).map(escape)
}

/// How long a call has been in flight.
pub fn in_flight_since(call: &InFlight) -> String {
    match call.since_ns {
        Some(ns) => format!("{} so far", duration(ns)),
        None => "since before the window".into(),
    }
}

/// What a call in flight was doing when the window closed; empty if that is not known.
pub fn in_flight_state(call: &InFlight) -> String {
    match (call.returned_at_ns, call.waits_for_disk) {
        (Some(at_ns), _) => format!("returned at {}", duration(at_ns)),
        (None, Some(true)) => "waits for the disk".into(),
        (None, Some(false)) => "waits, not for the disk".into(),
        (None, None) => String::new(),
    }
}

/// The kernel's name of a process and what it runs: `java (kafka.Kafka)`.
pub fn process_name(process: &Process) -> String {
    let comm = escape(&process.comm);
    match program(process) {
        Some(program) => format!("{comm} ({})", escape(&program)),
        None => comm,
    }
}

/// What a target is called wherever and however often it runs: `java (kafka.Kafka)`; what chose it where that is no
/// process by its id.
#[must_use]
pub fn target_name(recording: &Recording) -> String {
    let target = recording.runs.first().map_or(&recording.target, |run| &run.target);
    let is_by_id = ["--pid", "--tid"].iter().any(|option| target.selector.starts_with(option));
    if is_by_id { hosts::target(recording)[0].clone() } else { escape(&target.selector) }
}

/// The program and the commands that measured: `tracer sendfile`.
pub fn command(recording: &Recording) -> String {
    let mut families: Vec<&str> = recording.families.iter().map(String::as_str).collect();
    let is_told = !families.is_empty();
    for syscall in &recording.syscalls {
        if !is_told && !families.contains(&syscall.family.as_str()) {
            families.push(&syscall.family);
        }
    }
    if !is_told && recording.page_cache.is_some() {
        // It traces sendfile and splice too: they are named where tee, which reads no file, shows that they were asked for.
        families.retain(|&family| family == "pagecache" || family == "splice" && has_tee(recording));
    }
    escape(format!("{} {}", recording.tool.name, families.join(" + ")).trim_end())
}

fn has_tee(recording: &Recording) -> bool {
    recording.syscalls.iter().any(|syscall| syscall.name == "tee")
}

/// How long was measured, and from when on a call is slow.
pub fn window(recording: &Recording) -> [String; 2] {
    let measured = match recording.runs.len() as u64 {
        0 => duration(recording.window.duration_ns),
        runs => format!("{} in {}", duration(recording.measured_ns()), counted(runs, "run", "runs")),
    };
    [measured, format!("threshold {}", setting(recording.threshold_ns))]
}

/// Hosts that are named; the rest is counted.
const HOSTS: usize = 10;

/// Where and when it was measured.
pub fn host(recording: &Recording) -> Vec<String> {
    let mut items: Vec<_> = match recording.hosts.as_slice() {
        [host] => vec![
            escape(&host.hostname),
            format!("Linux {} {}", escape(&host.kernel), escape(&host.arch)),
            counted(host.cpus.into(), "CPU", "CPUs"),
        ],
        _ => {
            let names = hosts::names(recording);
            let hidden = names.len().saturating_sub(HOSTS) as u64;
            let more = (hidden > 0).then(|| format!("and {} more", count(hidden)));
            names.into_iter().take(HOSTS).chain(more).collect()
        }
    };
    items.push(format!("from {}", recording.window.start.strftime("%Y-%m-%d %H:%M:%S UTC")));
    items
}

/// The user's own marks, `key=value`.
pub fn labels(recording: &Recording) -> Vec<String> {
    recording.labels.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect()
}

/// The verdict in a line.
pub fn headline(recording: &Recording) -> String {
    let verdict = &recording.verdict;
    let summary = escape(&verdict.summary);
    match verdict.status {
        Status::Blocked => {
            let loops = counted(event_loops(recording) as u64, "event loop", "event loops");
            format!("BLOCKED ON DISK: {} of {loops}", count(verdict.threads.len() as u64))
        }
        Status::Clear => format!("clear: {summary}"),
        Status::Inconclusive => format!("inconclusive: {summary}"),
    }
}

/// The calls of some rows of files or clients, those with disk waits, and how long these were; in words.
pub fn culprit_figures(recording: &Recording, calls: u64, disk_blocked: u64, disk_wait_ns: u64) -> [String; 3] {
    let knows = knows_disk_waits(recording);
    let disk = |figure: String| if knows { figure } else { UNKNOWN.into() };
    [count(calls), disk(count(disk_blocked)), disk(duration(disk_wait_ns))]
}

/// The sum of a figure over some rows.
pub fn sum<'a, T: 'a>(rows: impl IntoIterator<Item = &'a T>, of: impl Fn(&T) -> u64) -> u64 {
    rows.into_iter().map(of).fold(0, u64::saturating_add)
}

/// The rows of a list: those to show, those to sum up in one, and what has no row of its own.
pub struct Rows<'a, T> {
    /// The first `top`.
    pub shown: Vec<&'a T>,
    /// The others.
    pub hidden: Vec<&'a T>,
    /// `(other)`.
    pub other: Vec<&'a T>,
}

impl<'a, T> Rows<'a, T> {
    /// Divides `rows`.
    pub fn of(rows: &'a [T], is_other: impl Fn(&T) -> bool, top: usize) -> Self {
        let (other, mut shown): (Vec<&T>, Vec<&T>) = rows.iter().partition(|row| is_other(row));
        let hidden = shown.split_off(shown.len().min(top));
        Self { shown, hidden, other }
    }
}
