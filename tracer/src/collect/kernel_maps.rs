//! The kernel half's maps, read as a whole.

use std::collections::BTreeMap;

use anyhow::Result;
use bytemuck::Zeroable as _;
use tracer_common::{
    culprit::CallSums,
    files::FileStats,
    records::{Breakdown, CallStats, CpuHistogram, ErrorCounts, Losses, ThreadKey, ThreadSlot, Window, per_cpu},
    syscall::Syscall,
    targets::TargetCounts,
    turns::{NO_ROOM, TurnStats, Turns},
};

use super::{ThreadNow, boottime_ns, mapped::MappedArray, monotonic_ns};
use crate::{
    model::{Histogram, HistogramBuilder},
    probe::{Session, Sizes},
    snapshot::{SyscallData, ThreadData},
};

/// The maps of one session. They stay readable after the probes are gone.
pub struct KernelMaps {
    pub(super) window: MappedArray<Window>,
    pub(super) taken: MappedArray<u64>,
    pub(super) target_counts: MappedArray<TargetCounts>,
    pub(super) threads: MappedArray<ThreadSlot>,
    pub(super) calls: MappedArray<CallStats>,
    pub(super) turns: MappedArray<TurnStats>,
    pub(super) breakdowns: MappedArray<CpuHistogram>,
    pub(super) errors: MappedArray<ErrorCounts>,
    pub(super) losses: MappedArray<Losses>,
    pub(super) untold: MappedArray<CallSums>,
    pub(super) files: MappedArray<FileStats>,
    syscalls: Vec<Syscall>,
    cpus: u32,
    pub(super) has_record_per_slot: bool,
    looks_at_files: bool,
}

impl KernelMaps {
    /// Maps them.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn of(session: &Session, sizes: &Sizes, syscalls: Vec<Syscall>) -> Result<Self> {
        let cpu_rows = sizes.cpu_rows();
        Ok(Self {
            window: MappedArray::new(session.map("WINDOW")?.fd(), 1)?,
            taken: MappedArray::new(session.map("TAKEN")?.fd(), sizes.slots)?,
            target_counts: MappedArray::new(session.map("TARGET_COUNTS")?.fd(), 1 + sizes.cpus)?,
            threads: MappedArray::new(session.map("THREADS")?.fd(), sizes.slots)?,
            calls: MappedArray::new(session.map("CALLS")?.fd(), sizes.records())?,
            turns: MappedArray::new(session.map("TURNS")?.fd(), sizes.turns)?,
            breakdowns: MappedArray::new(session.map("BREAKDOWNS")?.fd(), cpu_rows * Breakdown::COUNT)?,
            errors: MappedArray::new(session.map("ERRORS")?.fd(), cpu_rows)?,
            losses: MappedArray::new(session.map("LOSSES")?.fd(), sizes.cpus)?,
            untold: MappedArray::new(session.map("UNTOLD")?.fd(), cpu_rows)?,
            files: MappedArray::new(session.map("FILES")?.fd(), sizes.file_entries())?,
            syscalls,
            cpus: sizes.cpus,
            has_record_per_slot: sizes.record_mask() == 0,
            looks_at_files: sizes.files.is_some(),
        })
    }

    /// CLOCK_BOOTTIME when the window opened, ns.
    pub fn opened_boottime_ns(&self) -> u64 {
        self.window.get(0).opened_boottime_ns
    }

    /// Lets the first process that becomes a target open the gate.
    pub fn arm_window(&self) {
        self.window.set(0, Window { is_armed: 1, ..Window::default() });
    }

    /// Whether the gate is open.
    pub fn is_open(&self) -> bool {
        self.window.get(0).is_open != 0
    }

    /// Opens the gate, if it is not open yet: calls that are entered from now on count. Returns CLOCK_MONOTONIC when it
    /// was opened, ns.
    pub fn open_window(&self) -> u64 {
        if !self.is_open() {
            let opened_ns = monotonic_ns();
            self.window
                .set(0, Window { is_open: 1, opened_boottime_ns: boottime_ns(), opened_ns, ..Window::default() });
        }
        self.window.get(0).opened_ns
    }

    /// Closes the gate: calls that return from now on do not count. Returns CLOCK_MONOTONIC, ns.
    pub fn close_window(&self) -> u64 {
        self.window.set(0, Window { is_open: 0, ..self.window.get(0) });
        monotonic_ns()
    }

    /// Indices of the slots that are taken.
    pub(super) fn taken(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.taken.len()).filter(|&slot| self.taken.get(slot) != 0)
    }

    /// Who has a slot.
    pub fn keys(&self) -> impl Iterator<Item = ThreadKey> + '_ {
        self.taken().map(|index| self.threads.beginning(index))
    }

    /// The slots that are taken, as they are now, each with its index.
    pub fn slots(&self) -> impl Iterator<Item = (usize, ThreadSlot)> + '_ {
        self.taken().map(|index| (index, self.threads.get(index)))
    }

    /// How long a thread's turns took; `None`: it made none, or there was no room.
    fn turns_of(&self, slot: &ThreadSlot) -> Option<Box<TurnStats>> {
        let index = slot.turns.stats.checked_sub(1).filter(|_| slot.turns.stats != NO_ROOM)?;
        Some(Box::new(self.turns.get(index as usize)))
    }

    /// The threads' slots, and how long their turns took.
    pub fn turns(&self) -> impl Iterator<Item = (ThreadSlot, Option<Box<TurnStats>>)> {
        self.slots().map(|(_, slot)| (slot, self.turns_of(&slot)))
    }

    /// The traced system calls, in the order of their rows.
    pub fn syscalls(&self) -> &[Syscall] {
        &self.syscalls
    }

    /// What the thread with this slot did with the system call at `row`; `None`: nothing, or there was no room.
    pub fn calls(&self, index: usize, slot: &ThreadSlot, row: usize) -> Option<CallStats> {
        if self.has_record_per_slot {
            return Some(self.calls.get(index));
        }
        let record = slot.records.get(row)?.checked_sub(1)?;
        Some(self.calls.get(record as usize))
    }

    /// The files that were read, where they are told apart, and what found no room among them.
    pub fn files(&self) -> Option<(Vec<FileStats>, FileStats)> {
        if !self.looks_at_files {
            return None;
        }
        let mut entries: Vec<_> = (0..self.files.len()).map(|index| self.files.get(index)).collect();
        let rest = entries.pop()?;
        Some((one_of_each(entries), rest))
    }

    /// The threads, with what they did with each traced system call; `look` says what one is now.
    pub fn threads(&self, look: &mut dyn FnMut(&ThreadKey) -> ThreadNow) -> Vec<ThreadData> {
        self.slots()
            .map(|(index, mut slot)| {
                let now = look(&slot.key);
                let mut turns = self.turns_of(&slot);
                end_turn_of_sleeper(&mut slot.turns, &mut turns);
                ThreadData {
                    slot,
                    calls: (0..self.syscalls.len()).map(|row| self.calls(index, &slot, row).map(Box::new)).collect(),
                    turns,
                    worst_file: None,
                    worst_path: None,
                    has_ended: now.has_ended,
                    comm_now: now.comm,
                }
            })
            .collect()
    }

    /// What is known of each traced system call beyond its threads, all CPUs together.
    pub fn beyond_threads(&self) -> Vec<SyscallData> {
        let rows = self.syscalls.iter().enumerate();
        rows.map(|(row, &syscall)| SyscallData {
            syscall,
            errors: self.errors_of(row),
            disk: self.breakdown(Breakdown::Disk, row),
            other: self.breakdown(Breakdown::Other, row),
            runqueue: self.breakdown(Breakdown::Runqueue, row),
            without_disk: self.breakdown(Breakdown::WithoutDisk, row),
        })
        .collect()
    }

    /// Index of a CPU's entry for the system call at `row`.
    fn cpu_row(&self, cpu: u32, row: usize) -> u32 {
        per_cpu(cpu, row as u32, self.syscalls.len() as u32)
    }

    /// One breakdown, all CPUs together.
    pub fn breakdown(&self, breakdown: Breakdown, row: usize) -> Histogram {
        let mut total = HistogramBuilder::default();
        for cpu in 0..self.cpus {
            let part = self.breakdowns.get(breakdown.index(self.cpu_row(cpu, row)) as usize);
            total.add_counts(&part.buckets);
            total.add_sum(part.sum_ns);
            total.add_extremes(part.extremes.range_ns());
        }
        total.build()
    }

    fn errors_of(&self, row: usize) -> Vec<(u32, u64)> {
        let mut totals = BTreeMap::new();
        for cpu in 0..self.cpus {
            let counts = self.errors.get(self.cpu_row(cpu, row) as usize);
            for (errno, &count) in counts.by_errno.iter().enumerate().filter(|&(_, &count)| count > 0) {
                *totals.entry(errno as u32).or_default() += count;
            }
        }
        totals.into_iter().collect()
    }

    /// What no record tells of each traced system call, all CPUs together.
    pub fn untold(&self) -> Vec<(Syscall, CallSums)> {
        let rows = self.syscalls.iter().enumerate();
        rows.map(|(row, &syscall)| {
            let mut total = CallSums::default();
            for cpu in 0..self.cpus {
                total += self.untold.get(self.cpu_row(cpu, row) as usize);
            }
            (syscall, total)
        })
        .collect()
    }

    /// How targets came and went, all CPUs together.
    pub fn target_counts(&self) -> TargetCounts {
        let rows = (0..self.target_counts.len()).map(|row| self.target_counts.get(row));
        rows.fold(TargetCounts::default(), |total, row| TargetCounts {
            joined: total.joined + row.joined,
            left: total.left + row.left,
            no_room: total.no_room + row.no_room,
            unrecorded: total.unrecorded + row.unrecorded,
        })
    }

    /// Whether one of the targets lives.
    pub fn has_targets(&self) -> bool {
        // Those that left are read first: whoever joined since makes the second figure larger, never smaller.
        let left = self.target_counts().left;
        self.target_counts().joined > left
    }

    /// What could not be counted, all CPUs together.
    pub fn losses(&self) -> Losses {
        (0..self.cpus).map(|cpu| self.losses.get(cpu as usize)).fold(Losses::default(), |total, part| Losses {
            threads_dropped: total.threads_dropped + part.threads_dropped,
            calls_uncounted: total.calls_uncounted + part.calls_uncounted,
            parts_clamped: total.parts_clamped + part.parts_clamped,
            stacks_dropped: total.stacks_dropped + part.stacks_dropped,
            records_dropped: total.records_dropped + part.records_dropped,
            ..total
        })
    }
}

/// Adds the turn that ended when the thread fell asleep, which the kernel half does when the wait returns.
fn end_turn_of_sleeper(turns: &mut Turns, stats: &mut Option<Box<TurnStats>>) {
    // While the window is open, a copy may mix the end of a turn with the beginning of the next.
    if turns.waiting_since_ns == 0 || turns.since_ns == 0 || turns.waiting_since_ns < turns.since_ns {
        return;
    }
    if turns.stats == 0 {
        *stats = Some(Box::new(TurnStats::zeroed()));
    }
    turns.end(turns.waiting_since_ns, stats.as_deref_mut(), |index| index);
}

/// The entries that are taken, one for each file: where two CPUs came upon a file at the same time it has two.
fn one_of_each(entries: Vec<FileStats>) -> Vec<FileStats> {
    let mut files = BTreeMap::<_, FileStats>::new();
    for entry in entries.into_iter().filter(|entry| entry.inode != 0) {
        files.entry((entry.device, entry.inode)).and_modify(|file| *file += entry).or_insert(entry);
    }
    files.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_two_entries_is_one() {
        let entry = |device, inode, calls| FileStats { device, inode, calls, ..FileStats::default() };
        let all = vec![entry(1, 7, 3), entry(0, 0, 0), entry(2, 7, 4), entry(1, 7, 5)];
        assert_eq!(one_of_each(all), [entry(1, 7, 8), entry(2, 7, 4)]);
    }
}
