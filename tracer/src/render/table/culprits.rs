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
        facts::{Rows, address, culprit_figures, device, offsets, other, path, sum},
        hosts::only,
        layout::labelled,
    },
    units::{NO_VALUE, counted},
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
        let disk_blocked = sum(files.iter().copied(), |row| row.disk_blocked);
        let figures = culprit_figures(
            report.recording,
            sum(files.iter().copied(), |row| row.calls),
            disk_blocked,
            sum(files.iter().copied(), |row| row.disk_wait_ns),
        );
        list.row(cells.chain(figures).collect::<Vec<_>>(), tint(disk_blocked));
    };
    let rows = Rows::of(files, |row| row.path == OTHER, report.style.top);
    for row in rows.shown {
        add(
            [
                path(row),
                offsets(row).unwrap_or_else(|| NO_VALUE.into()),
                device(row).unwrap_or_else(|| NO_VALUE.into()),
            ],
            &[row],
        );
    }
    if !rows.hidden.is_empty() {
        let more = counted(rows.hidden.len() as u64, "more file", "more files");
        add([format!("… and {more}"), String::new(), String::new()], &rows.hidden);
    }
    if !rows.other.is_empty() {
        add([other(report.recording), String::new(), String::new()], &rows.other);
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
        let disk_blocked = sum(clients.iter().copied(), |row| row.disk_blocked);
        let figures = culprit_figures(
            report.recording,
            sum(clients.iter().copied(), |row| row.calls),
            disk_blocked,
            sum(clients.iter().copied(), |row| row.disk_wait_ns),
        );
        let took = time(sum(clients.iter().copied(), |row| row.time_ns));
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
        add(other(report.recording), None, &rows.other);
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

fn tint(disk_blocked: u64) -> Option<Tint> {
    (disk_blocked > 0).then_some(Tint::Disk)
}
