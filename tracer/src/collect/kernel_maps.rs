//! The kernel half's maps, read as a whole.

use anyhow::Result;
use tracer_common::{
    culprit::CallSums,
    records::{Breakdown, CallStats, CpuHistogram, ErrorCounts, Losses, ThreadSlot, Window},
    syscall::Syscall,
    targets::TargetCounts,
    turns::{NO_ROOM, TurnStats},
};

use super::{boottime_ns, mapped::MappedArray, monotonic_ns, thread_name};
use crate::{
    model::{Histogram, HistogramBuilder},
    probe::Session,
    snapshot::{SyscallData, ThreadData},
};

/// The maps of one session. They stay readable after the probes are gone.
pub struct KernelMaps {
    window: MappedArray<Window>,
    taken: MappedArray<u64>,
    target_counts: MappedArray<TargetCounts>,
    threads: MappedArray<ThreadSlot>,
    calls: MappedArray<CallStats>,
    turns: MappedArray<TurnStats>,
    breakdowns: MappedArray<CpuHistogram>,
    errors: MappedArray<ErrorCounts>,
    losses: MappedArray<Losses>,
    untold: MappedArray<CallSums>,
    cpus: u32,
}

impl KernelMaps {
    /// Maps them.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn of(session: &Session, slots: u32, turn_records: u32, cpus: u32) -> Result<Self> {
        let per_cpu = cpus * Syscall::COUNT;
        Ok(Self {
            window: MappedArray::new(session.map("WINDOW")?.fd(), 1)?,
            taken: MappedArray::new(session.map("TAKEN")?.fd(), slots)?,
            target_counts: MappedArray::new(session.map("TARGET_COUNTS")?.fd(), 1 + cpus)?,
            threads: MappedArray::new(session.map("THREADS")?.fd(), slots)?,
            calls: MappedArray::new(session.map("CALLS")?.fd(), slots * Syscall::COUNT)?,
            turns: MappedArray::new(session.map("TURNS")?.fd(), turn_records)?,
            breakdowns: MappedArray::new(session.map("BREAKDOWNS")?.fd(), per_cpu * Breakdown::COUNT)?,
            errors: MappedArray::new(session.map("ERRORS")?.fd(), per_cpu)?,
            losses: MappedArray::new(session.map("LOSSES")?.fd(), cpus)?,
            untold: MappedArray::new(session.map("UNTOLD")?.fd(), per_cpu)?,
            cpus,
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
            self.window.set(0, Window { is_open: 1, opened_boottime_ns: boottime_ns(), opened_ns, is_armed: 0 });
        }
        self.window.get(0).opened_ns
    }

    /// Closes the gate: calls that return from now on do not count. Returns CLOCK_MONOTONIC, ns.
    pub fn close_window(&self) -> u64 {
        self.window.set(0, Window { is_open: 0, ..self.window.get(0) });
        monotonic_ns()
    }

    /// Indices of the slots that are taken.
    pub fn taken(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.taken.len()).filter(|&slot| self.taken.get(slot) != 0)
    }

    /// The slots that are taken, as they are now.
    pub fn slots(&self) -> impl Iterator<Item = ThreadSlot> + '_ {
        self.taken().map(|index| self.threads.get(index))
    }

    /// How long a thread's turns took; `None`: it made none, or there was no room.
    fn turns_of(&self, slot: &ThreadSlot) -> Option<Box<TurnStats>> {
        let index = slot.turns.stats.checked_sub(1).filter(|_| slot.turns.stats != NO_ROOM)?;
        Some(Box::new(self.turns.get(index as usize)))
    }

    /// What the thread at `slot` did with `syscall`.
    pub fn calls(&self, slot: usize, syscall: Syscall) -> CallStats {
        self.calls.get(slot * Syscall::COUNT as usize + syscall as usize)
    }

    /// The threads, with what they did with `syscalls`.
    pub fn threads(&self, syscalls: &[Syscall]) -> Vec<ThreadData> {
        self.taken()
            .map(|index| {
                let slot = self.threads.get(index);
                ThreadData {
                    slot,
                    calls: syscalls.iter().map(|&syscall| Box::new(self.calls(index, syscall))).collect(),
                    turns: self.turns_of(&slot),
                    comm_now: thread_name(&slot.key),
                }
            })
            .collect()
    }

    /// What is known of `syscall` beyond its threads, all CPUs together.
    pub fn syscall(&self, syscall: Syscall) -> SyscallData {
        SyscallData {
            syscall,
            errors: self.errors_of(syscall),
            disk: self.breakdown(Breakdown::Disk, syscall),
            other: self.breakdown(Breakdown::Other, syscall),
            runqueue: self.breakdown(Breakdown::Runqueue, syscall),
            without_disk: self.breakdown(Breakdown::WithoutDisk, syscall),
        }
    }

    /// One breakdown, all CPUs together.
    pub fn breakdown(&self, breakdown: Breakdown, syscall: Syscall) -> Histogram {
        let mut total = HistogramBuilder::default();
        for cpu in 0..self.cpus {
            let part = self.breakdowns.get(breakdown.index(cpu, syscall) as usize);
            total.add_counts(&part.buckets);
            total.add_sum(part.sum_ns);
            total.add_extremes(part.extremes.range_ns());
        }
        total.build()
    }

    fn errors_of(&self, syscall: Syscall) -> Vec<(u32, u64)> {
        let mut totals = std::collections::BTreeMap::new();
        for cpu in 0..self.cpus {
            let counts = self.errors.get((cpu * Syscall::COUNT + syscall as u32) as usize);
            for (errno, &count) in counts.by_errno.iter().enumerate().filter(|&(_, &count)| count > 0) {
                *totals.entry(errno as u32).or_default() += count;
            }
        }
        totals.into_iter().collect()
    }

    /// What no record tells of `syscall`, all CPUs together.
    pub fn untold(&self, syscall: Syscall) -> CallSums {
        let mut total = CallSums::default();
        for cpu in 0..self.cpus {
            total += self.untold.get((cpu * Syscall::COUNT + syscall as u32) as usize);
        }
        total
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
            ..total
        })
    }
}
