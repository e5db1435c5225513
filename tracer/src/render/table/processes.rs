//! The processes that made the calls, where there are several: worst first, and all together.

use std::{cmp::Reverse, collections::HashMap};

use super::Report;
use crate::{
    escape::escape,
    model::{ProcessCalls, SyscallRecord},
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name},
            Columns, time,
        },
        hosts::only,
    },
    units::{NO_VALUE, bytes, count, counted},
};

/// A row for each process and one for all of them; nothing if there is one alone.
pub fn list(report: &Report, syscall: &SyscallRecord) -> String {
    if syscall.processes.len() < 2 {
        return String::new();
    }
    let processes = &report.recording.target.processes;
    let names: HashMap<_, _> =
        processes.iter().map(|process| ((&process.hostname, process.pid), process.comm.as_str())).collect();
    let mut rows: Vec<&ProcessCalls> = syscall.processes.iter().collect();
    rows.sort_by_key(|row| (Reverse(row.disk_wait_ns), Reverse(row.calls), row.pid));
    let mut headings = vec![("pid", Figure), ("process", Name)];
    headings.extend(["calls", "bytes", "disk", "waited", "slow"].map(|name| (name, Figure)));
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let (shown, hidden) = rows.split_at(rows.len().min(report.style.top));
    for row in shown {
        let name = names.get(&(&row.hostname, row.pid)).map_or_else(|| NO_VALUE.into(), |name| escape(name));
        add(report, &mut list, [row.pid.to_string(), name], &[row]);
    }
    if !hidden.is_empty() {
        let more = counted(hidden.len() as u64, "more process", "more processes");
        add(report, &mut list, ["…".into(), format!("and {more}")], hidden);
    }
    let all = counted(rows.len() as u64, "process", "processes");
    add(report, &mut list, ["all".into(), all], &rows);
    list.render(2, report.style.width, report.paint)
}

fn add(report: &Report, list: &mut Columns, [pid, name]: [String; 2], rows: &[&ProcessCalls]) {
    let sum = |of: fn(&ProcessCalls) -> u64| rows.iter().map(|row| of(row)).fold(0, u64::saturating_add);
    let disk = |figure: String| if report.knows_disk_waits() { figure } else { "unknown".into() };
    let disk_blocked = sum(|row| row.disk_blocked);
    let host = report.host(only(rows, |row| row.hostname.as_deref()));
    let cells = [
        pid,
        name,
        count(sum(|row| row.calls)),
        bytes(sum(|row| row.bytes)),
        disk(count(disk_blocked)),
        disk(time(sum(|row| row.disk_wait_ns))),
        count(sum(|row| row.slow)),
    ];
    list.row(host.into_iter().chain(cells).collect::<Vec<_>>(), (disk_blocked > 0).then_some(Tint::Disk));
}
