//! The last minute, by the intervals of the recording.

use std::collections::BTreeMap;

use crate::model::{Interval, Recording};

/// Seconds that are shown.
pub const SECONDS: usize = 60;

/// Calls of a range of latencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// All.
    pub calls: u64,
    /// Those that were disk-blocked.
    pub disk_blocked: u64,
}

/// The calls of an interval by the power of two that their latency begins with.
pub type Column = BTreeMap<u32, Cell>;

/// The intervals of the last minute, the newest last.
pub fn columns(recording: &Recording) -> Vec<Column> {
    let intervals = &recording.intervals;
    intervals[intervals.len().saturating_sub(SECONDS)..].iter().map(column).collect()
}

/// All of them together.
pub fn total(columns: &[Column]) -> Column {
    let mut total = Column::new();
    for (&power, cell) in columns.iter().flatten() {
        add(&mut total, power, *cell);
    }
    total
}

fn column(interval: &Interval) -> Column {
    let mut column = Column::new();
    for syscall in &interval.syscalls {
        for &(low, _, calls) in &syscall.latency.buckets {
            add(&mut column, power(low), Cell { calls, disk_blocked: 0 });
        }
        for &(low, _, disk_blocked) in &syscall.disk.buckets {
            add(&mut column, power(low), Cell { calls: 0, disk_blocked });
        }
    }
    column
}

fn add(column: &mut Column, power: u32, more: Cell) {
    let cell = column.entry(power).or_default();
    cell.calls = cell.calls.saturating_add(more.calls);
    cell.disk_blocked = cell.disk_blocked.saturating_add(more.disk_blocked);
}

/// What is said in place of a chart without calls.
pub fn nothing(recording: &Recording) -> &'static str {
    if recording.intervals.is_empty() {
        " the first second is not over yet"
    } else {
        " no call returned in the last minute"
    }
}

/// The power of two at or below `low`.
pub fn power(low: u64) -> u32 {
    low.max(1).ilog2()
}
