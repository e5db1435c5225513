//! The values of the kernel half's maps.
//!
//! Every map that is read during a measurement is an array that user space maps into its memory: reading
//! it costs no system call and disturbs no probe. A slot is written by one thread at a time (the thread
//! itself, or the context switch that takes it off or puts it on a CPU), so nothing here needs an atomic.

use bytemuck::{Pod, Zeroable};

use crate::{
    histogram::BUCKETS,
    syscall::Syscall,
    turns::{ReadySet, Turns},
};

/// Which thread: ids in tracer's pid namespace, and the start that tells a reused id apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub struct ThreadKey {
    /// CLOCK_BOOTTIME at its start, ns; 0: nobody.
    pub start_boottime_ns: u64,
    /// Process id (`tgid`).
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
}

/// What a thread does and has done, whatever the system call. One per thread.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct ThreadSlot {
    /// Whose slot it is.
    pub key: ThreadKey,
    /// Its time off the CPU, while that lasts.
    pub off_cpu: OffCpu,
    /// What it waits for readiness on, and the turns in between.
    pub turns: Turns,
    /// The traced call that it is in.
    pub call: Call,
    /// Name at the time the slot was taken, NUL-terminated.
    pub comm: [u8; 16],
    /// What its disk-blocked calls kept waiting.
    pub behind: Behind,
    /// Disk waits that ended inside the window, by the system call or fault that they were in; the last entry takes what
    /// found no room.
    pub wait_places: [WaitPlace; WAIT_PLACES],
    /// Traced calls entered inside the window.
    pub entered: u64,
    /// CLOCK_MONOTONIC when a call that had begun before the window returned; 0: none did.
    pub returned_at_ns: u64,
    /// The traced call that `returned_at_ns` and `woken_at_ns` are about, as [`Call::active`]: it had begun before the
    /// window.
    pub returned_from: u32,
    /// Which slot it is.
    pub index: u32,
    /// CLOCK_BOOTTIME at the start of its process, ns.
    pub process_start_boottime_ns: u64,
    /// By row: which record of calls is its own, plus 1; 0: none yet. Unused where each slot has one record.
    pub records: [u32; Syscall::COUNT as usize],
    /// What its page faults brought in.
    pub faults: Faults,
    /// CLOCK_MONOTONIC when the thread last woke up in a call that had begun before the window; 0: it did not. Where nobody
    /// sees such a call return, that is the last that is known of it.
    pub woken_at_ns: u64,
    /// Makes slots begin at cache lines.
    pub reserved_2: [u64; 2],
}

impl ThreadSlot {
    /// All its disk waits. The number is that of no system call.
    #[must_use]
    pub fn disk_waits(&self) -> WaitPlace {
        self.wait_places.iter().fold(WaitPlace::default(), |sum, place| WaitPlace {
            number: sum.number,
            waits: sum.waits.saturating_add(place.waits),
            wait_ns: sum.wait_ns + place.wait_ns,
            max_ns: sum.max_ns.max(place.max_ns),
        })
    }
}

/// Page faults of a program itself on mapped files that were not in the page cache. Only where files are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Faults {
    /// Faults that added pages to the page cache.
    pub faults: u64,
    /// The pages.
    pub cold_pages: u64,
    /// Faults of the thread that were over when it last did so, plus 1: so faults are told apart.
    pub latest_plus_1: u64,
    /// The file of the latest one: its entry in the table of files, plus 1.
    pub file_plus_1: u64,
    /// Address of the inode that the latest one brought pages in of; 0: it is not known.
    pub host: u64,
    /// The inode's number.
    pub inode: u64,
    /// Its device, in the kernel's encoding.
    pub device: u64,
}

/// Connections of an event loop that waited while it was in a disk-blocked call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Behind {
    /// Connections that were waiting when such a call returned, summed over the calls.
    pub connections: u64,
    /// The most behind one call.
    pub max: u32,
    /// Calls of which not all connections were looked at, or none.
    pub capped: u32,
    /// Time that may be spent on looking, ns.
    pub credit_ns: u64,
    /// Time that the latest look took, ns.
    pub cost_ns: u64,
}

/// How many system calls a thread's disk waits are told apart by, plus one.
pub const WAIT_PLACES: usize = 10;

/// A thread's disk waits, those in one system call or all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct WaitPlace {
    /// Number of the system call; −1: a page fault of the program itself.
    pub number: i32,
    /// Disk waits; 0: the entry is free.
    pub waits: u32,
    /// Their sum, less run-queue delay.
    pub wait_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

/// A traced call in progress.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Call {
    /// CLOCK_MONOTONIC at its entry.
    pub since_ns: u64,
    /// Run-queue delay so far: preemptions, and what ended each sleep.
    pub runqueue_ns: u64,
    /// Its disk waits so far, less run-queue delay.
    pub disk_ns: u64,
    /// Its other sleeps so far, less run-queue delay.
    pub other_ns: u64,
    /// Number of its disk waits.
    pub disk_waits: u32,
    /// Number of its other sleeps.
    pub other_sleeps: u32,
    /// Number of its preemptions.
    pub preemptions: u32,
    /// 0: none; else the [`Syscall`]'s index + 1.
    pub active: u32,
    /// Whether `cold` has been filled in for this call: a `COLD_…`.
    pub cold_known: u32,
    /// Keeps the layout free of padding.
    pub reserved: u32,
    /// Pages that it brought into the page cache.
    pub cold: ColdPages,
}

impl Call {
    /// The value of [`Call::active`] that stands for `syscall`.
    #[inline(always)]
    #[must_use]
    pub const fn mark(syscall: Syscall) -> u32 {
        syscall as u32 + 1
    }

    /// The system call behind a mark; `None` for none.
    #[must_use]
    pub const fn syscall_of(mark: u32) -> Option<Syscall> {
        if mark == 0 { None } else { Syscall::from_index(mark - 1) }
    }
}

/// [`Call::cold_known`]: nobody has looked yet.
pub const COLD_UNKNOWN: u32 = 0;
/// [`Call::cold_known`]: the file is known and its pages are counted.
pub const COLD_COUNTED: u32 = 1;
/// [`Call::cold_known`]: the call reads no file.
pub const COLD_NO_FILE: u32 = 2;

/// How many separate runs of added pages are remembered until the call returns.
pub const RUNS: usize = 8;

/// The pages that one call brought into the page cache of the file it reads.
///
/// Which of them were asked for is known only at the return: a socket may take less than was requested. So
/// pages outside the request are counted at once as read-ahead, and the latest runs inside it are kept;
/// at the return, those past the last byte sent move to the read-ahead. A file is sent in order, so runs
/// that had to make room lie before the end of what was sent.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct ColdPages {
    /// Inode that owns the page cache of the file.
    pub inode: u64,
    /// First byte requested.
    pub start_bytes: u64,
    /// First page requested.
    pub first_page: u64,
    /// One past the last page requested.
    pub end_page: u64,
    /// Added pages inside the request.
    pub in_request: u64,
    /// Added pages outside of it.
    pub read_ahead: u64,
    /// The latest runs inside the request.
    pub runs: [PageRun; RUNS],
    /// Where the next run goes, modulo [`RUNS`].
    pub next_run: u32,
    /// Device of the file, in the kernel's encoding.
    pub device: u32,
}

/// Pages `[first, end)` of a file.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct PageRun {
    /// First page.
    pub first: u64,
    /// One past the last.
    pub end: u64,
}

/// A thread off the CPU.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct OffCpu {
    /// CLOCK_MONOTONIC when it left the CPU; 0: it has not, or for nothing that is measured.
    pub since_ns: u64,
    /// The run-queue clock at that moment: see [`Self::since_ns`] for the clock that counts.
    pub since_clock_ns: u64,
    /// Its accumulated run-queue delay at that moment.
    pub run_delay_ns: u64,
    /// Why: an [`OffCpuReason`].
    pub reason: u32,
    /// Number of the system call that it is in, where it waits for storage; −1: a page fault.
    pub syscall_number: i32,
}

/// Why a thread is off the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum OffCpuReason {
    /// It waits for storage.
    Disk = 1,
    /// It sleeps for something else.
    Other = 2,
    /// It could run, but another thread does.
    Preempted = 3,
}

/// What a thread's calls of one system call added up to. The number of calls is the sum of `buckets`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct CallStats {
    /// Sum of the latencies, ns.
    pub latency_sum_ns: u64,
    /// Sum of the `disk` parts, ns.
    pub disk_ns: u64,
    /// Sum of the `runqueue` parts, ns.
    pub runqueue_ns: u64,
    /// Sum of the `other` parts, ns.
    pub other_ns: u64,
    /// Bytes that the calls returned.
    pub bytes: u64,
    /// 4 KiB pages that the returned ranges cover, page boundaries taken into account where known.
    pub pages: u64,
    /// Calls that returned less than 0.
    pub errors: u64,
    /// Calls of at least the threshold.
    pub slow: u64,
    /// Calls with a disk wait.
    pub disk_blocked: u64,
    /// Disk waits.
    pub disk_waits: u64,
    /// Cold pages inside the returned ranges.
    pub cold_requested: u64,
    /// Cold pages outside of them.
    pub read_ahead: u64,
    /// Calls that read a file and returned bytes, where files are told apart.
    pub file_calls: u64,
    /// Bytes that these returned.
    pub file_bytes: u64,
    /// Of these, calls that read past the page cache (`O_DIRECT`).
    pub direct_calls: u64,
    /// Bytes that these returned.
    pub direct_bytes: u64,
    /// Shortest and longest call that was on the CPU all along.
    pub on_cpu: Extremes,
    /// Shortest and longest of the others.
    pub blocked: Extremes,
    /// Calls per latency bucket.
    pub buckets: [u32; BUCKETS],
}

/// The shortest and the longest of some calls. Both are 0 where there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Extremes {
    /// Shortest, ns, plus 1: so that 0 says that there was none.
    pub min_plus_1_ns: u64,
    /// Longest, ns.
    pub max_ns: u64,
}

impl Extremes {
    /// Takes in one more value.
    #[inline(always)]
    pub const fn add(&mut self, value_ns: u64) {
        if self.min_plus_1_ns.wrapping_sub(1) > value_ns {
            self.min_plus_1_ns = value_ns + 1;
        }
        if self.max_ns < value_ns {
            self.max_ns = value_ns;
        }
    }

    /// The shortest and the longest, ns; `None` where there was none.
    #[must_use]
    pub const fn range_ns(&self) -> Option<(u64, u64)> {
        match self.min_plus_1_ns {
            0 => None,
            min_plus_1_ns => Some((min_plus_1_ns - 1, self.max_ns)),
        }
    }
}

/// Why a call took as long as it did. Each call has exactly one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Cause {
    /// It had at least one disk wait.
    Disk = 0,
    /// It slept for something else.
    Other = 1,
    /// It only lost the CPU.
    Runqueue = 2,
    /// It ran all along.
    OnCpu = 3,
}

/// A per-CPU histogram of one system call that user space cannot derive from the threads'.
///
/// Calls that ran all along have none: they are what remains of the threads' sum. So the common call
/// updates one record only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Breakdown {
    /// Latency of the calls whose cause is [`Cause::Disk`].
    Disk = 0,
    /// … [`Cause::Other`].
    Other = 1,
    /// … [`Cause::Runqueue`].
    Runqueue = 2,
    /// Latency less the disk part, of the calls whose cause is [`Cause::Disk`].
    WithoutDisk = 3,
}

impl Breakdown {
    /// How many there are per system call and CPU.
    pub const COUNT: u32 = 4;

    /// Index in the map of a breakdown, by the index of its CPU and row ([`per_cpu`]).
    #[inline(always)]
    #[must_use]
    pub const fn index(self, cpu_row: u32) -> u32 {
        cpu_row * Self::COUNT + self as u32
    }
}

/// Index of a CPU's entry for the traced system call at `row`, of `rows` that are traced.
#[inline(always)]
#[must_use]
pub const fn per_cpu(cpu: u32, row: u32, rows: u32) -> u32 {
    cpu * rows + row
}

/// A histogram that only one CPU writes.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct CpuHistogram {
    /// Sum of the values, ns.
    pub sum_ns: u64,
    /// Shortest and longest.
    pub extremes: Extremes,
    /// Values per bucket.
    pub buckets: [u64; BUCKETS],
}

/// Errors are counted up to this number; the kernel's own go up to 530 (`include/linux/errno.h`).
pub const ERRNO_LIMIT: usize = 544;

/// Calls that failed, by errno. One per CPU and system call.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct ErrorCounts {
    /// Calls that returned `-index`; whatever is above the limit is in entry 0.
    pub by_errno: [u64; ERRNO_LIMIT],
}

/// What could not be counted. One per CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Losses {
    /// Threads that found no slot.
    pub threads_dropped: u64,
    /// Calls without a slot, without an entry or without an exit.
    pub calls_uncounted: u64,
    /// Calls whose parts exceeded their latency, or sleeps shorter than their run-queue delay.
    pub parts_clamped: u64,
    /// Disk waits and slow calls whose stack found no room.
    pub stacks_dropped: u64,
    /// Of `calls_uncounted`, those whose thread found no record for them.
    pub records_dropped: u64,
    /// Keeps one CPU's counters off another's cache line.
    pub reserved: [u64; 3],
}

/// How far a CPU's run-queue clock is behind CLOCK_MONOTONIC. One per CPU.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Clocks {
    /// CLOCK_MONOTONIC less the run-queue clock, modulo 2^64.
    pub behind_ns: u64,
    /// The run-queue clock when the two were compared; 0: never.
    pub compared_at_ns: u64,
    /// Keeps one CPU's off another's cache line.
    pub reserved: [u64; 6],
}

/// The gate of the window: user space writes it, every probe reads it.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Window {
    /// Not 0: calls are counted.
    pub is_open: u64,
    /// CLOCK_BOOTTIME when it opened, ns: a thread that is younger cannot have been in a call before.
    pub opened_boottime_ns: u64,
    /// CLOCK_MONOTONIC when it opened, ns.
    pub opened_ns: u64,
    /// Not 0: the first process that becomes a target opens it.
    pub is_armed: u64,
    /// Not 0: the thread of tracer's that tries whether the probes fire.
    pub trial_tid: u64,
    /// How often one did in that thread.
    pub fired: u64,
}

/// A thread asleep inside a system call, as the task iterator reports it.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct SleepingTask {
    /// Which thread.
    pub key: ThreadKey,
    /// Name, NUL-terminated.
    pub comm: [u8; 16],
    /// `orig_ax`: number of the system call; −1 in a fault.
    pub syscall_number: i64,
    /// First argument of the call.
    pub first_argument: u64,
    /// Second argument.
    pub second_argument: u64,
    /// 1: `in_iowait` is set.
    pub in_iowait: u32,
    /// Sleep state (`include/linux/sched.h`): 1 interruptible, 2 uninterruptible.
    pub state: u32,
}

/// `TASK_UNINTERRUPTIBLE` (`include/linux/sched.h`), a bit of a sleep state.
pub const UNINTERRUPTIBLE: u32 = 2;

impl SleepingTask {
    /// Whether no signal would wake it: so sleep all who wait for storage.
    #[must_use]
    pub const fn is_uninterruptible(&self) -> bool {
        self.state & UNINTERRUPTIBLE != 0
    }

    /// The set that it waits on; `None` if it does something else.
    #[must_use]
    pub const fn ready_set(&self) -> Option<ReadySet> {
        ReadySet::of(self.key, self.syscall_number as u64, self.first_argument, self.second_argument)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    fn a_slot_stays_within_its_budget() {
        assert!(size_of::<ThreadSlot>() + size_of::<CallStats>() <= 8 * 1024);
        assert_eq!(size_of::<CallStats>() % 8, 0);
        assert_eq!(size_of::<ThreadSlot>() % 8, 0);
    }

    #[test]
    fn a_call_and_a_turn_touch_few_cache_lines_of_a_slot() {
        const LINE: usize = 64;
        assert_eq!(size_of::<ThreadSlot>() % LINE, 0, "{} bytes", size_of::<ThreadSlot>());
        assert_eq!(offset_of!(ThreadSlot, key), 0);
        assert!(offset_of!(ThreadSlot, off_cpu) + size_of::<OffCpu>() <= LINE);
        assert!(offset_of!(ThreadSlot, turns) + offset_of!(Turns, disk_waits) <= 2 * LINE);
        let call = offset_of!(ThreadSlot, call);
        assert_eq!(call / LINE, (call + offset_of!(Call, cold) - 1) / LINE);
    }

    #[test]
    fn extremes_take_the_first_value_as_both() {
        let mut seen = Extremes::default();
        seen.add(7);
        assert_eq!(seen, Extremes { min_plus_1_ns: 8, max_ns: 7 });
        seen.add(3);
        seen.add(9);
        assert_eq!(seen, Extremes { min_plus_1_ns: 4, max_ns: 9 });
    }

    #[test]
    fn breakdowns_of_different_cpus_do_not_share_an_entry() {
        let mut next = 0;
        for cpu in 0..3 {
            for row in 0..5 {
                for part in [Breakdown::Disk, Breakdown::Other, Breakdown::Runqueue, Breakdown::WithoutDisk] {
                    assert_eq!(part.index(per_cpu(cpu, row, 5)), next);
                    next += 1;
                }
            }
        }
    }
}
