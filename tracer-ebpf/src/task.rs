//! A thread: who it is, whether it waits, its registers and its open files.

use aya_ebpf::helpers::generated;
use tracer_common::records::ThreadKey;
#[cfg(feature = "guarded")]
use tracer_common::records::UNINTERRUPTIBLE;

use crate::{
    globals::global,
    kernel::{kernel_pointer, load},
    pid_namespace,
};

/// `orig_ax` of a thread that is in no system call: if it waits there, then in a page fault of its own.
pub const PAGE_FAULT: i32 = -1;

/// `PF_KTHREAD` (`include/linux/sched.h`).
const PF_KTHREAD: u32 = 0x0020_0000;

kernel_pointer! {
    /// A `task_struct`: one thread.
    Task
}

impl Task {
    /// The thread that runs this program.
    #[inline(always)]
    pub fn current() -> Self {
        #[cfg(not(feature = "guarded"))]
        // SAFETY: takes no argument and cannot fail.
        let task = unsafe { generated::bpf_get_current_task_btf() }.cast_const().cast();
        #[cfg(feature = "guarded")]
        // SAFETY: takes no argument and cannot fail.
        let task = unsafe { generated::bpf_get_current_task() } as *const u8;
        Self(task)
    }

    /// Thread id.
    #[inline(always)]
    pub fn tid(self) -> u32 {
        if pid_namespace::is_first() {
            return load(self.0, global!(OFFSETS.task_pid));
        }
        pid_namespace::id_of(self.0)
    }

    /// Process id.
    #[inline(always)]
    pub fn pid(self) -> u32 {
        if pid_namespace::is_first() {
            return load(self.0, global!(OFFSETS.task_tgid));
        }
        pid_namespace::id_of(load(self.0, global!(OFFSETS.task_group_leader)))
    }

    /// Whether it has ids at all where tracer runs.
    #[inline(always)]
    pub fn has_ids(self) -> bool {
        pid_namespace::is_first() || self.pid() != 0
    }

    /// Whether it may be a target without being named by its id: tracer and the kernel's own threads may not.
    #[inline(always)]
    pub fn is_candidate(self) -> bool {
        !self.is_kernel_thread() && self.pid() != global!(CONFIG.tracer_pid) && self.has_ids()
    }

    /// CLOCK_BOOTTIME at its start, ns: with the thread id it tells a thread from all others.
    #[inline(always)]
    pub fn start_boottime_ns(self) -> u64 {
        load(self.0, global!(OFFSETS.task_start_boottime))
    }

    /// Who it is.
    #[inline(always)]
    pub fn key(self) -> ThreadKey {
        ThreadKey { start_boottime_ns: self.start_boottime_ns(), pid: self.pid(), tid: self.tid() }
    }

    /// CLOCK_BOOTTIME at the start of its process, ns: also after an exec, whichever thread called it.
    #[inline(always)]
    pub fn process_start_boottime_ns(self) -> u64 {
        let leader: *const u8 = load(self.0, global!(OFFSETS.task_group_leader));
        load(leader, global!(OFFSETS.task_start_boottime))
    }

    /// Who forked its process, or took it over when that one ended.
    #[inline(always)]
    pub fn real_parent(self) -> Self {
        Self(load(self.0, global!(OFFSETS.task_real_parent)))
    }

    /// Whether it is the kernel's own.
    #[inline(always)]
    pub fn is_kernel_thread(self) -> bool {
        load::<u32>(self.0, global!(OFFSETS.task_flags)) & PF_KTHREAD != 0
    }

    /// Whether a thread of its process has not ended: a thread does not count any more when its end is traced.
    #[inline(always)]
    pub fn process_lives(self) -> bool {
        let signal: *const u8 = load(self.0, global!(OFFSETS.task_signal));
        load::<u32>(signal, global!(OFFSETS.signal_live)) != 0
    }

    /// Number of threads of its process.
    #[inline(always)]
    pub fn process_threads(self) -> u32 {
        let signal: *const u8 = load(self.0, global!(OFFSETS.task_signal));
        load(signal, global!(OFFSETS.signal_threads))
    }

    /// Its name.
    #[inline(always)]
    pub fn comm(self) -> [u8; 16] {
        let offset = global!(OFFSETS.task_comm);
        bytemuck::cast([load::<u64>(self.0, offset), load::<u64>(self.0, offset + 8)])
    }

    /// Sleep state.
    #[inline(always)]
    pub fn state(self) -> u32 {
        load(self.0, global!(OFFSETS.task_state))
    }

    /// The state in which it has just left the CPU, where the context switch itself does not tell. What was woken
    /// meanwhile has lost it (`TASK_WAKING`, include/linux/sched.h), but for the bit of those that wait for storage.
    #[cfg(feature = "guarded")]
    #[inline(always)]
    pub fn state_left_in(self) -> u32 {
        const WAKING: u32 = 0x200;
        let state = self.state();
        if state & WAKING != 0 { UNINTERRUPTIBLE } else { state }
    }

    /// Whether it sleeps, or slept until just now, for storage or for io_uring completions.
    #[inline(always)]
    pub fn in_iowait(self) -> bool {
        let byte: u8 = load(self.0, global!(OFFSETS.task_in_iowait));
        u32::from(byte) & global!(CONFIG.in_iowait_mask) != 0
    }

    /// Sum of its run-queue delays up to the last time it got the CPU, ns.
    #[inline(always)]
    pub fn run_delay_ns(self) -> u64 {
        load(self.0, global!(OFFSETS.task_run_delay))
    }

    /// How long it has been queued for the CPU that it is just being given, ns.
    ///
    /// Exact at the context switch alone: the clock has just been updated, and `last_queued` not yet been
    /// cleared (`kernel/sched/core.c`, `__schedule`; `kernel/sched/stats.h`, `sched_info_arrive`).
    #[inline(always)]
    pub fn queued_for_ns(self) -> u64 {
        let queued: u64 = load(self.0, global!(OFFSETS.task_last_queued));
        if queued == 0 {
            return 0;
        }
        self.run_queue_clock_ns().saturating_sub(queued)
    }

    /// The clock of the run queue that it is on, ns, as of its last update: at a context switch that is now.
    #[inline(always)]
    pub fn run_queue_clock_ns(self) -> u64 {
        let cfs_rq: *const u8 = load(self.0, global!(OFFSETS.task_cfs_rq));
        let rq: *const u8 = load(cfs_rq, global!(OFFSETS.cfs_rq_rq));
        load(rq, global!(OFFSETS.rq_clock))
    }

    /// The same clock when it was last given a CPU, ns (`kernel/sched/stats.h`, `sched_info_arrive`).
    #[inline(always)]
    pub fn last_arrival_ns(self) -> u64 {
        load(self.0, global!(OFFSETS.task_last_arrival))
    }

    /// Its registers at the entry to the kernel: at the upper end of its stack there.
    #[inline(always)]
    pub fn registers(self) -> Registers {
        #[cfg(not(feature = "guarded"))]
        // SAFETY: the helper wants a task pointer that the verifier knows, and that is what this is.
        let registers = unsafe { generated::bpf_task_pt_regs(self.0.cast_mut().cast()) } as *const u8;
        #[cfg(feature = "guarded")]
        let registers = load::<u64>(self.0, global!(OFFSETS.task_stack))
            .wrapping_add(u64::from(global!(CONFIG.registers_in_stack))) as *const u8;
        Registers(registers)
    }

    /// How many of its page faults are over (`mm/memory.c`, `mm_account_fault`): one that is tried again counts at its end.
    #[inline(always)]
    pub fn faults_over(self) -> u64 {
        load::<u64>(self.0, global!(OFFSETS.task_maj_flt)) + load::<u64>(self.0, global!(OFFSETS.task_min_flt))
    }

    /// Its open files.
    #[inline(always)]
    pub fn files(self) -> Files {
        Files(load(self.0, global!(OFFSETS.task_files)))
    }
}

kernel_pointer! {
    /// A `pt_regs`: the registers as the thread entered the kernel.
    Registers
}

impl Registers {
    /// Number of the system call; −1 in a fault or an interrupt.
    #[inline(always)]
    pub fn syscall_number(self) -> i64 {
        // 64 bits on x86-64, 32 on arm64; the lower ones are enough.
        i64::from(load::<i32>(self.0, global!(OFFSETS.regs_syscall)))
    }

    /// First argument of the system call.
    #[inline(always)]
    pub fn first(self) -> u64 {
        load(self.0, global!(OFFSETS.regs_first))
    }

    /// Second argument.
    #[inline(always)]
    pub fn second(self) -> u64 {
        load(self.0, global!(OFFSETS.regs_second))
    }

    /// Third argument.
    #[inline(always)]
    pub fn third(self) -> u64 {
        load(self.0, global!(OFFSETS.regs_third))
    }

    /// Fourth argument.
    #[inline(always)]
    pub fn fourth(self) -> u64 {
        load(self.0, global!(OFFSETS.regs_fourth))
    }

    /// Fifth argument.
    #[inline(always)]
    pub fn fifth(self) -> u64 {
        load(self.0, global!(OFFSETS.regs_fifth))
    }
}

/// A `files_struct`: the descriptor table of a process.
#[derive(Clone, Copy)]
pub struct Files(*const u8);

impl Files {
    /// The table's entries (`struct file **`, which the verifier does not follow) and their number.
    #[inline(always)]
    pub fn table(self) -> (u64, u32) {
        let table: *const u8 = load(self.0, global!(OFFSETS.files_fdt));
        (load(table, global!(OFFSETS.fdt_fd)), load(table, global!(OFFSETS.fdt_max_fds)))
    }
}
