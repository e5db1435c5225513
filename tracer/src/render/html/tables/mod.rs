//! The lists of a recording as tables, worst first.

pub mod clients;
pub mod disk_waits;
pub mod event_loops;
pub mod files;
pub mod in_flight;
pub mod intervals;
pub mod page_cache;
pub mod slow_calls;
pub mod stacks;
pub mod syscalls;
pub mod threads;

use super::{
    facts::{Facts, name},
    listing::{Cell, Column, column},
};
use crate::{
    model::ThreadRef,
    units::{bytes, count, duration, share},
};

/// The columns that say which thread a row is about.
fn thread_columns<'a, R: 'a>(facts: &Facts, of: fn(&R) -> &ThreadRef) -> Vec<Column<'a, R>> {
    let several = facts.recording.target.processes.len() > 1;
    let pid = move |row: &R| {
        let pid = u64::from(of(row).pid.0);
        if several { Cell::Figure(pid, pid.to_string()) } else { Cell::Absent }
    };
    vec![
        host_column(move |row| of(row).hostname.as_deref()),
        column("name", "Thread", move |row| Cell::Name(name(of(row)))),
        column("pid", "pid", pid),
        column("tid", "tid", move |row| Cell::Figure(of(row).tid.0.into(), of(row).tid.to_string())),
        column("role", "Role", move |row| Cell::Text(of(row).role.label().into())),
    ]
}

/// Which host a row is about, where there are several.
fn host_column<'a, R: 'a>(of: impl Fn(&R) -> Option<&str> + 'a) -> Column<'a, R> {
    column("hostname", "Host", move |row| of(row).map_or(Cell::Absent, |host| Cell::Text(host.into())))
}

/// The columns about the disk that threads, files and clients share; unknown where disk waits were not observed.
fn disk_columns<'a, R: 'a>(facts: &Facts, blocked: fn(&R) -> u64, wait_ns: fn(&R) -> u64) -> [Column<'a, R>; 2] {
    let known = facts.knows_disk_waits;
    [
        column("disk_blocked", "Disk-blocked", move |row| Cell::known(known.then(|| blocked(row)), count)),
        column("disk_wait_ns", "Waited", move |row| Cell::known(known.then(|| wait_ns(row)), duration)),
    ]
}

/// Which system call a row is about, where there are several.
fn call_column<'a, R: 'a>(facts: &Facts, of: fn(&R) -> String) -> Column<'a, R> {
    let several = facts.recording.syscalls.len() > 1;
    column("syscall", "Call", move |row| if several { Cell::Text(of(row)) } else { Cell::Absent })
}

/// A count of 4 KiB pages; absent if the page cache was not observed.
fn pages(number: Option<u64>) -> Cell {
    Cell::some(number, count)
}

/// A share between 0 and 1, sorted by its millionths.
fn known_share(part: Option<f64>) -> Cell {
    part.map_or(Cell::Unknown, |part| Cell::Figure((part * 1e6) as u64, share(part)))
}

/// A size.
fn size(number: u64) -> Cell {
    Cell::Figure(number, bytes(number))
}

/// A time that was measured exactly.
fn time(ns: u64) -> Cell {
    Cell::Figure(ns, duration(ns))
}
