//! A traced system call over several windows.

use std::collections::BTreeSet;

use super::{
    row::{Row, add_fields, add_known, merge_known, merged},
    rows::{add_causes, add_parts},
};
use crate::model::{SyscallRecord, memory_share};

impl Row for SyscallRecord {
    type Key = (String, String, Option<String>);
    type Rank = ();

    fn key(&self) -> Self::Key {
        (self.family.clone(), self.name.clone(), self.direction.clone())
    }

    fn rank(&self) {}

    fn add(&mut self, mut other: Self) -> Option<()> {
        // A list that is not told is an empty one where there was nothing to list.
        for record in [&mut *self, &mut other] {
            if record.slow == 0 && record.disk_blocked == 0 {
                record.files.get_or_insert_default();
                record.clients.get_or_insert_default();
            }
        }
        add_fields!(self, other; calls, errors, bytes, slow, disk_blocked, disk_waits;
            cold_requested, read_ahead, direct_calls, direct_bytes);
        for (name, number) in other.errors_by_name {
            let sum = self.errors_by_name.entry(name).or_default();
            *sum = sum.checked_add(number)?;
        }
        add_known(&mut self.pages, other.pages)?;
        self.memory_share = self.cold_requested.zip(self.pages).and_then(|(cold, pages)| memory_share(cold, pages));
        add_parts(&mut self.time_ns, other.time_ns)?;
        self.latency = self.latency.plus(&other.latency)?;
        add_causes(&mut self.by_cause, &other.by_cause)?;
        self.without_disk = self.without_disk.plus(&other.without_disk)?;
        self.processes = merged([std::mem::take(&mut self.processes), other.processes])?;
        self.threads = merged([std::mem::take(&mut self.threads), other.threads])?;
        merge_known(&mut self.files, other.files)?;
        merge_known(&mut self.clients, other.clients)?;
        self.in_flight.append(&mut other.in_flight);
        Some(())
    }
}

/// Without the rows that stand for a system call of which nothing was seen, if others saw it in some direction.
pub fn called(rows: Vec<SyscallRecord>) -> Vec<SyscallRecord> {
    let was_seen = |row: &SyscallRecord| row.calls > 0 || !row.in_flight.is_empty();
    let seen: BTreeSet<_> = rows.iter().filter(|row| was_seen(row)).map(|row| row.name.clone()).collect();
    rows.into_iter().filter(|row| was_seen(row) || !seen.contains(&row.name)).collect()
}
