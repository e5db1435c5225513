//! Disk waits outside the traced calls: a broker that encrypts reads with pread and never calls sendfile.

use std::{cmp::Reverse, collections::BTreeMap};

use super::Report;
use crate::{
    escape::escape,
    model::{SyscallWaits, ThreadRecord},
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name, Word},
            Columns, time,
        },
        facts::{call, identity, thread_name},
    },
    units::{NO_VALUE, count, counted},
};

/// So many system calls are named in a row.
const NAMED: usize = 2;

/// So many traced system calls are named in a heading.
const MOST_NAMES: usize = 2;

/// The threads whose disk waits the lists of traced calls do not explain.
pub fn section(report: &Report) -> String {
    let mut in_calls: BTreeMap<_, u64> = BTreeMap::new();
    for row in report.recording.syscalls.iter().flat_map(|syscall| &syscall.threads) {
        let waits = in_calls.entry(identity(&row.thread)).or_default();
        *waits = waits.saturating_add(row.disk_waits);
    }
    let outside =
        |row: &ThreadRecord| row.disk_waits.saturating_sub(in_calls.get(&identity(&row.thread)).copied().unwrap_or(0));
    let has_others = |row: &&ThreadRecord| outside(row) > 0 && !is_in_traced_calls(report, row);
    let mut rows: Vec<_> = report.recording.threads.iter().filter(has_others).collect();
    if rows.is_empty() {
        return String::new();
    }
    rows.sort_by_key(|row| Reverse(row.disk_wait_ns));

    // Where no traced call waited, all of a thread's waits are outside, and one column says so.
    let is_told_apart = rows.iter().any(|row| outside(row) != row.disk_waits);
    let mut headings = vec![(report.tid_heading(), Figure), ("thread", Name), ("role", Word), ("disk waits", Figure)];
    headings.extend(is_told_apart.then_some(("outside", Figure)));
    headings.extend([("waited", Figure), ("longest", Figure), ("in", Word)]);
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let longest = |ns: Option<u64>| ns.map_or_else(|| NO_VALUE.into(), &time);
    let mut add = |host: Option<String>, words: [String; 3], rows: &[&ThreadRecord], places: String| {
        let sum = |of: &dyn Fn(&ThreadRecord) -> u64| rows.iter().map(|row| of(row)).fold(0, u64::saturating_add);
        let mut cells: Vec<_> = host.into_iter().chain(words).collect();
        cells.push(count(sum(&|row| row.disk_waits)));
        cells.extend(is_told_apart.then(|| count(sum(&outside))));
        cells.push(time(sum(&|row| row.disk_wait_ns)));
        cells.push(longest(rows.iter().filter_map(|row| row.disk_wait_max_ns).max()));
        cells.push(places);
        list.row(cells, Some(Tint::Disk));
    };
    let (shown, hidden) = rows.split_at(rows.len().min(report.style.top));
    for row in shown {
        let words = [report.tid(&row.thread), thread_name(&row.thread), row.thread.role.label().into()];
        let host = report.host(row.thread.hostname.as_deref());
        add(host, words, std::slice::from_ref(row), places(report, row));
    }
    if !hidden.is_empty() {
        let more = counted(hidden.len() as u64, "more thread", "more threads");
        add(report.host(None), ["…".into(), format!("and {more}"), String::new()], hidden, String::new());
    }
    let names: Vec<_> = report.recording.syscalls.iter().map(|syscall| escape(&syscall.name)).collect();
    let outside_what =
        if (1..=MOST_NAMES).contains(&names.len()) { names.join(", ") } else { "the traced calls".into() };
    let heading = format!("Disk waits outside {outside_what} (other system calls and page faults)\n");
    report.paint.lines(Tint::Heading, &heading) + &list.render(2, report.style.width, report.paint)
}

fn is_traced(report: &Report, waits: &SyscallWaits) -> bool {
    report.recording.syscalls.iter().any(|syscall| syscall.name == waits.name)
}

/// Whether all of a thread's disk waits were in traced calls. What is outside of these then was in calls that began
/// before the window, which are listed as such.
fn is_in_traced_calls(report: &Report, row: &ThreadRecord) -> bool {
    row.by_syscall.as_ref().is_some_and(|waits| waits.iter().all(|waits| is_traced(report, waits)))
}

/// The system calls outside the traced ones that a thread waited in longest; `…` if there are more.
fn places(report: &Report, row: &ThreadRecord) -> String {
    let mut others = row.by_syscall.iter().flatten().filter(|waits| !is_traced(report, waits));
    let mut names: Vec<_> = others.by_ref().take(NAMED).map(|waits| call(&waits.name)).collect();
    if others.next().is_some() {
        names.push("…".into());
    }
    names.join(", ")
}
