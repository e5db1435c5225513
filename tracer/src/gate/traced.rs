//! What is judged of a recording: its traced calls, those of one system call or of a family.

use crate::model::{Histogram, Recording, SyscallRecord};

/// Traced calls of a recording, several rows as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    /// Calls that were entered and returned inside the window.
    pub calls: u64,
    /// Those of at least the threshold.
    pub slow: u64,
    /// Those with at least one disk wait.
    pub disk_blocked: u64,
    /// The disk part of all of them, ns.
    pub disk_wait_ns: u64,
    /// Latency of all of them.
    pub latency: Histogram,
}

impl Traced {
    /// All that is traced by `family`, the command's name; `None` if the recording has nothing of it.
    #[must_use]
    pub fn of_family(recording: &Recording, family: &str) -> Option<Self> {
        Self::of(recording.syscalls.iter().filter(|row| row.family == family))
    }

    /// All rows of one system call, whatever the direction; `None` if the recording has none.
    #[must_use]
    pub fn of_syscall(recording: &Recording, name: &str) -> Option<Self> {
        Self::of(recording.syscalls.iter().filter(|row| row.name == name))
    }

    fn of<'a>(rows: impl Iterator<Item = &'a SyscallRecord>) -> Option<Self> {
        let rows: Vec<_> = rows.collect();
        let sum = |of: fn(&SyscallRecord) -> u64| rows.iter().map(|row| of(row)).fold(0, u64::saturating_add);
        let (first, others) = rows.split_first()?;
        // A sum beyond what fits is nobody's measurement.
        let latency = others.iter().try_fold(first.latency.clone(), |sum, row| sum.plus(&row.latency))?;
        Some(Self {
            calls: sum(|row| row.calls),
            slow: sum(|row| row.slow),
            disk_blocked: sum(|row| row.disk_blocked),
            disk_wait_ns: sum(|row| row.time_ns.disk),
            latency,
        })
    }
}

/// Calls of a family alone; `None` if the recording has nothing of it.
#[must_use]
pub fn calls_of_family(recording: &Recording, family: &str) -> Option<u64> {
    let rows = recording.syscalls.iter().filter(|row| row.family == family).map(|row| row.calls);
    rows.reduce(u64::saturating_add)
}

/// The families that a recording has rows of, by the names of the commands, each once.
#[must_use]
pub fn families(recording: &Recording) -> Vec<&str> {
    let mut families: Vec<&str> = Vec::new();
    for row in &recording.syscalls {
        if !families.contains(&row.family.as_str()) {
            families.push(&row.family);
        }
    }
    families
}
