//! The files and the clients of slow and disk-blocked calls, worst first.

use std::collections::BTreeSet;

use super::Report;
use crate::{
    escape::escape,
    model::{
        ClientCalls, FileCalls, SyscallRecord,
        culprit::{NONE, OTHER},
    },
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name, Path, Word},
            Columns, time,
        },
        layout::labelled,
    },
    units::{NO_VALUE, byte_range, count, counted},
};

/// Heading of the calls that these lists are about.
const CALLS: &str = "slow/disk";

/// The files of a system call's slow and disk-blocked calls; nothing if none of them read a file.
pub fn files(report: &Report, syscall: &SyscallRecord) -> String {
    let files = syscall.files.as_deref().unwrap_or_default();
    if files.iter().all(|row| row.path == NONE) {
        return String::new();
    }
    let devices: BTreeSet<_> = files.iter().filter_map(device).collect();
    // One device is named once: a topic's directory is worth more than a column that repeats it.
    let (heading, has_devices) = match devices.first() {
        Some(device) if devices.len() == 1 => (format!("file on {device}"), false),
        first => ("file".into(), first.is_some()),
    };
    let mut headings = vec![(heading.as_str(), Path), ("offsets", Figure)];
    headings.extend(has_devices.then_some(("device", Word)));
    headings.extend([(CALLS, Figure), ("disk", Figure), ("waited", Figure)]);
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let mut add = |words: [String; 3], files: &[&FileCalls]| {
        let [path, offsets, device] = words;
        let host = report.host(only(files, |row| row.hostname.as_deref()));
        let cells = host.into_iter().chain([path, offsets]).chain(has_devices.then_some(device));
        let disk_blocked = sum(files, |row| row.disk_blocked);
        let figures = figures(report, sum(files, |row| row.calls), disk_blocked, sum(files, |row| row.disk_wait_ns));
        list.row(cells.chain(figures).collect::<Vec<_>>(), tint(disk_blocked));
    };
    let rows = Rows::of(files, |row| row.path == OTHER, report.style.top);
    for row in rows.shown {
        add([path(row), offsets(row), device(row).unwrap_or_else(|| NO_VALUE.into())], &[row]);
    }
    if !rows.hidden.is_empty() {
        let more = counted(rows.hidden.len() as u64, "more file", "more files");
        add([format!("… and {more}"), String::new(), String::new()], &rows.hidden);
    }
    if !rows.other.is_empty() {
        add([other(report), String::new(), String::new()], &rows.other);
    }
    list.render(2, report.style.width, report.paint)
}

/// The clients that they were for; nothing if no peer of them is known.
pub fn clients(report: &Report, syscall: &SyscallRecord) -> String {
    let clients = syscall.clients.as_deref().unwrap_or_default();
    if clients.iter().all(|row| row.address == NONE) {
        return String::new();
    }
    let has_labels = clients.iter().any(|row| row.label.is_some());
    let mut headings = vec![("client", Path), ("label", Name)];
    headings.retain(|&(_, kind)| has_labels || kind != Name);
    headings.extend([(CALLS, Figure), ("disk", Figure), ("waited", Figure), ("took", Figure)]);
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let mut add = |address: String, label: Option<&str>, clients: &[&ClientCalls]| {
        let label = has_labels.then(|| label.map_or_else(String::new, escape));
        let disk_blocked = sum(clients, |row| row.disk_blocked);
        let figures =
            figures(report, sum(clients, |row| row.calls), disk_blocked, sum(clients, |row| row.disk_wait_ns));
        let took = time(sum(clients, |row| row.time_ns));
        let host = report.host(only(clients, |row| row.hostname.as_deref()));
        let cells = host.into_iter().chain([address]).chain(label).chain(figures).chain([took]);
        list.row(cells.collect::<Vec<_>>(), tint(disk_blocked));
    };
    let rows = Rows::of(clients, |row| row.address == OTHER, report.style.top);
    for row in rows.shown {
        add(address(row), row.label.as_deref(), &[row]);
    }
    if !rows.hidden.is_empty() {
        let more = counted(rows.hidden.len() as u64, "more client", "more clients");
        add(format!("… and {more}"), None, &rows.hidden);
    }
    if !rows.other.is_empty() {
        add(other(report), None, &rows.other);
    }
    list.render(2, report.style.width, report.paint)
}

/// Which of the two lists the kernel's structures did not allow, if there were calls for them.
pub fn unknown(report: &Report, syscall: &SyscallRecord) -> String {
    if syscall.slow == 0 && syscall.disk_blocked == 0 {
        return String::new();
    }
    let lists = [("files", syscall.files.is_none()), ("clients", syscall.clients.is_none())];
    let unknown = lists.into_iter().filter(|&(_, is_unknown)| is_unknown);
    unknown.map(|(label, _)| labelled(label, "unknown: this kernel does not tell", report.style.width)).collect()
}

/// The rows of a list: those to show, those to sum up, and what has no row of its own.
struct Rows<'a, T> {
    shown: Vec<&'a T>,
    hidden: Vec<&'a T>,
    other: Vec<&'a T>,
}

impl<'a, T> Rows<'a, T> {
    fn of(rows: &'a [T], is_other: impl Fn(&T) -> bool, top: usize) -> Self {
        let (other, mut shown): (Vec<&T>, Vec<&T>) = rows.iter().partition(|row| is_other(row));
        let hidden = shown.split_off(shown.len().min(top));
        Self { shown, hidden, other }
    }
}

fn path(row: &FileCalls) -> String {
    if row.path == NONE { "(none: no file)".into() } else { escape(&row.path) }
}

/// Its address, as rows and the verdict show it.
pub fn address(row: &ClientCalls) -> String {
    match row.address.as_str() {
        NONE => "(none: no known peer)".into(),
        "unix:" => "unix: (no name)".into(),
        address => escape(address),
    }
}

/// What has no row of its own, and why.
fn other(report: &Report) -> String {
    if report.recording.losses.slow_calls_dropped > 0 {
        "(other: records dropped)".into()
    } else {
        "(other: too many to list)".into()
    }
}

fn offsets(row: &FileCalls) -> String {
    row.first_offset.zip(row.last_offset).map_or_else(|| NO_VALUE.into(), |(first, last)| byte_range(first, last))
}

/// Name or number of its device; `None` where there is no file.
fn device(row: &FileCalls) -> Option<String> {
    row.device_name.as_deref().or(row.device.as_deref()).map(escape)
}

/// What all rows have in common; `None` if they differ.
fn only<'a, T>(rows: &[&'a T], of: impl Fn(&'a T) -> Option<&'a str>) -> Option<&'a str> {
    let (first, others) = rows.split_first()?;
    of(first).filter(|first| others.iter().all(|row| of(row) == Some(first)))
}

fn sum<T>(rows: &[&T], of: fn(&T) -> u64) -> u64 {
    rows.iter().map(|row| of(row)).fold(0, u64::saturating_add)
}

fn figures(report: &Report, calls: u64, disk_blocked: u64, disk_wait_ns: u64) -> [String; 3] {
    let disk = |figure: String| if report.knows_disk_waits() { figure } else { "unknown".into() };
    [count(calls), disk(count(disk_blocked)), disk(time(disk_wait_ns))]
}

fn tint(disk_blocked: u64) -> Option<Tint> {
    (disk_blocked > 0).then_some(Tint::Disk)
}
