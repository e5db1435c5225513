//! Where most disk-blocked calls were, and for whom: the choice that a verdict names.

use std::{cmp::Reverse, collections::BTreeMap};

use crate::model::{
    ClientCalls, FileCalls, Out, Recording, SlowCallRecord,
    culprit::{NONE, OTHER},
};

/// From this share on, in per cent, the disk-blocked calls are those of somebody who warms the page cache.
const NEARLY_ALL: u64 = 90;

/// Rows that belong together.
pub struct Group<'a, T> {
    /// Those with disk-blocked calls, worst first.
    pub rows: Vec<&'a T>,
    /// Their disk-blocked calls.
    pub disk_blocked: u64,
    /// The disk-blocked calls of all rows, those that nothing more is known of included.
    pub of: u64,
}

/// The directory with most disk-blocked calls.
pub fn directory(recording: &Recording) -> Option<Group<'_, FileCalls>> {
    let files = recording.syscalls.iter().filter_map(|syscall| syscall.files.as_ref()).flatten();
    worst(files, |row| Row {
        key: (row.path != OTHER).then(|| row.directory.as_ref().unwrap_or(&row.path)),
        disk_blocked: row.disk_blocked,
        disk_wait_ns: row.disk_wait_ns,
    })
}

/// The host with most disk-blocked calls; the calls without a peer are a group, too.
pub fn host(recording: &Recording) -> Option<Group<'_, ClientCalls>> {
    let clients = recording.syscalls.iter().filter_map(|syscall| syscall.clients.as_ref()).flatten();
    worst(clients, |row| Row {
        key: (row.address != OTHER).then(|| row.host.as_ref().unwrap_or(&row.address)),
        disk_blocked: row.disk_blocked,
        disk_wait_ns: row.disk_wait_ns,
    })
}

impl<T> Group<'_, T> {
    /// The row with most disk-blocked calls; `None` if nothing is known of them.
    pub fn worst(&self) -> Option<&T> {
        self.rows.first().copied()
    }
}

impl Group<'_, ClientCalls> {
    /// Whether these are calls without a peer.
    pub fn is_nobody(&self) -> bool {
        self.worst().is_some_and(|row| row.address == NONE)
    }
}

/// Whether nearly all bytes of disk-blocked calls went to `/dev/null`, as far as the recording lists the calls.
pub fn warms_the_cache(recording: &Recording) -> bool {
    let on_disk = |call: &&SlowCallRecord| call.disk_ns > 0;
    let calls = recording.slow_calls.iter().filter(on_disk).count() as u64;
    let to_null = recording.slow_calls.iter().filter(on_disk).filter(|call| call.out == Out::Null).count() as u64;
    to_null > 0 && to_null * 100 >= calls * NEARLY_ALL
}

/// What counts of a row. Without a key it is in no group.
struct Row<'a> {
    key: Option<&'a String>,
    disk_blocked: u64,
    disk_wait_ns: u64,
}

/// The group with most disk-blocked calls, without rows if nothing is known of them; `None` if there are none.
fn worst<'a, T>(rows: impl Iterator<Item = &'a T>, look: impl Fn(&'a T) -> Row<'a>) -> Option<Group<'a, T>> {
    let mut of = 0u64;
    let mut groups: BTreeMap<&String, Vec<&'a T>> = BTreeMap::new();
    for row in rows {
        let Row { key, disk_blocked, .. } = look(row);
        of = of.saturating_add(disk_blocked);
        if let Some(key) = key.filter(|_| disk_blocked > 0) {
            groups.entry(key).or_default().push(row);
        }
    }
    let sum = |rows: &[&'a T], figure: fn(&Row<'a>) -> u64| {
        rows.iter().map(|row| figure(&look(row))).fold(0, u64::saturating_add)
    };
    let badness = |rows: &[&'a T]| (sum(rows, |row| row.disk_blocked), sum(rows, |row| row.disk_wait_ns));
    let mut rows = groups.into_values().max_by_key(|rows| badness(rows)).unwrap_or_default();
    rows.sort_by_key(|row| Reverse(badness(&[row])));
    let disk_blocked = badness(&rows).0;
    (of > 0).then_some(Group { rows, disk_blocked, of })
}
