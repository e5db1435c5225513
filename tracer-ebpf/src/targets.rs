//! The map of targets: who is in it, who comes and who goes.
//!
//! An entry is made by the hook that sees a process begin to be a target, or by the walk through all tasks that looks
//! for those that are there already. The hooks hang first, so nobody is missed; whoever comes second finds the entry.

use aya_ebpf::bindings::{BPF_ANY, BPF_NOEXIST, BPF_RB_NO_WAKEUP, seq_file};
use aya_ebpf::helpers::generated::{
    bpf_ktime_get_boot_ns, bpf_probe_read_kernel_str, bpf_ringbuf_output, bpf_seq_write,
};
use tracer_common::targets::{
    A_THREAD, AFTER_EXEC, BEFORE_EXEC, EXPECTED, FOLLOW, FOLLOWED, LISTED, MEMBER, NAMED, THREADS, TICK_NS,
    TargetEntry, TargetRecord, WHOLE_PROCESS,
};

use crate::{clock::now_ns, globals::global, maps, slots, task::Task, window};

/// Whether the map holds the process of `task`, or `task` itself as a single thread.
#[inline(always)]
pub fn is_listed(task: Task) -> bool {
    if let Some(entry) = maps::target(task.pid())
        && entry.state == MEMBER
        && entry.reasons & WHOLE_PROCESS != 0
        && entry.start_boottime_ns == task.process_start_boottime_ns()
    {
        return true;
    }
    global!(CONFIG.targets) & THREADS != 0
        && maps::target(task.tid()).is_some_and(|entry| {
            entry.state == MEMBER
                && entry.reasons & A_THREAD != 0
                && entry.start_boottime_ns == task.start_boottime_ns()
        })
}

/// CLOCK_MONOTONIC when the process of `task` became a target; 0: it always was, or nobody knows.
#[inline(always)]
pub fn joined_ns(task: Task) -> u64 {
    if global!(CONFIG.targets) & LISTED == 0 {
        return 0;
    }
    maps::target(task.pid()).map_or(0, |entry| entry.joined_ns)
}

/// `parent` has forked `child`, which has not run yet.
#[inline(always)]
pub fn forked(parent: Task, child: Task) {
    if child.pid() != child.tid() {
        return;
    }
    if cfg!(feature = "fault-children-missed") && child.pid().is_multiple_of(8) {
        return;
    }
    let mut reasons = 0;
    if global!(CONFIG.targets) & FOLLOW != 0 && window::is_target(parent) {
        reasons |= FOLLOWED;
    }
    if is_named(child, &child.comm()) {
        reasons |= NAMED;
    }
    if reasons != 0 {
        join(child, reasons, Row::Cpu);
    }
}

/// The current process has called exec and bears its new name.
#[inline(always)]
pub fn executed(task: Task) {
    if global!(CONFIG.glob_tables) != 0 {
        named(task, &task.comm());
    }
    if let Some(entry) = maps::target_mut(task.pid())
        && entry.start_boottime_ns == task.process_start_boottime_ns()
    {
        if entry.state == BEFORE_EXEC {
            entry.joined_ns = now_ns();
            entry.state = MEMBER;
        }
        record(task, Row::Cpu);
    }
}

/// A thread is given the name at `name`, which it does not bear yet. A process is called as its first thread.
#[inline(always)]
pub fn renamed(task: Task, name: *const u8) {
    if task.pid() != task.tid() {
        return;
    }
    let mut comm = [0u8; 16];
    // SAFETY: the helper checks the address, and writes no more than the buffer holds.
    let read = unsafe { bpf_probe_read_kernel_str(comm.as_mut_ptr().cast(), comm.len() as u32, name.cast()) };
    if read > 0 {
        named(task, &comm);
    }
}

/// A thread ends.
#[inline(always)]
pub fn exited(task: Task) {
    if global!(CONFIG.targets) & THREADS != 0
        && let Some(entry) = maps::target_mut(task.tid())
        && entry.reasons & A_THREAD != 0
        && entry.start_boottime_ns == task.start_boottime_ns()
    {
        drop_reason(task.tid(), entry, A_THREAD);
    }
    if !task.process_lives()
        && let Some(entry) = maps::target_mut(task.pid())
        && is_same(entry, task.process_start_boottime_ns())
    {
        remove(task.pid(), entry.state, Row::Cpu);
    }
}

/// A task found on the walk through all of them becomes a target if it is to be one, and is written out if it is a
/// process and a target.
#[inline(always)]
pub fn visit(task: Task, seq: *mut seq_file) {
    let is_process = task.pid() == task.tid();
    if global!(CONFIG.targets) & LISTED != 0 && task.process_lives() {
        if let Some(entry) = maps::target_mut(task.tid())
            && entry.state == EXPECTED
            && is_same(entry, task.start_boottime_ns())
        {
            expected(task, entry);
        }
        if is_process && !task.is_kernel_thread() {
            let mut reasons = 0;
            if global!(CONFIG.targets) & FOLLOW != 0 && window::is_target(task.real_parent()) {
                reasons |= FOLLOWED;
            }
            if is_named(task, &task.comm()) {
                reasons |= NAMED;
            }
            if reasons != 0 {
                join(task, reasons, Row::Walk);
            }
        }
        // Its end may have been seen before the entry was there.
        if !task.process_lives()
            && let Some(entry) = maps::target_mut(task.tid())
        {
            remove(task.tid(), entry.state, Row::Walk);
        }
    }
    if is_process && window::is_target(task) {
        let record = record_of(task);
        // SAFETY: `seq` is the iterator's own; the record lives on the stack for the call.
        unsafe { bpf_seq_write(seq, (&raw const record).cast_mut().cast(), size_of::<TargetRecord>() as u32) };
    }
}

/// A thread that is no target may have been one: what was going on then is not seen to its end.
#[inline(always)]
pub fn forget(task: Task) {
    if let Some(slots::Slot { thread, .. }) = slots::find(task) {
        thread.off_cpu.since_ns = 0;
        thread.turns.since_ns = 0;
        thread.turns.waiting_since_ns = 0;
    }
}

/// Whether the traced call of a thread that is no target any more was entered while it was one. Behind the closed gate.
#[inline(always)]
pub fn left_in_call(task: Task) -> bool {
    match slots::find(task) {
        Some(slots::Slot { thread, .. }) if thread.call.active != 0 => {
            thread.call.active = 0;
            true
        }
        _ => false,
    }
}

/// Which row of the counts is the caller's own.
#[derive(Clone, Copy)]
enum Row {
    /// The walk through all tasks, of which there is one at a time.
    Walk,
    /// A hook: that of its CPU.
    Cpu,
}

/// Makes an expected entry that of `task`.
#[inline(always)]
fn expected(task: Task, entry: &mut TargetEntry) {
    entry.start_boottime_ns = task.start_boottime_ns();
    entry.joined_ns = now_ns();
    entry.state = if entry.reasons & AFTER_EXEC != 0 { BEFORE_EXEC } else { MEMBER };
    if let Some(counts) = maps::target_counts(Row::Walk as u32) {
        counts.joined += 1;
    }
    if entry.state == BEFORE_EXEC || task.pid() != task.tid() {
        return;
    }
    record(task, Row::Walk);
}

/// Adds the process of its first thread `task`.
#[inline(always)]
fn join(task: Task, reasons: u32, row: Row) {
    let pid = task.pid();
    let start_boottime_ns = task.start_boottime_ns();
    let entry = TargetEntry { start_boottime_ns, joined_ns: now_ns(), reasons, state: MEMBER };
    if maps::TARGETS.insert(pid, entry, u64::from(BPF_NOEXIST)).is_err() {
        match maps::target_mut(pid) {
            Some(known) if is_same(known, start_boottime_ns) => {
                known.reasons |= reasons;
                return;
            }
            // The id's former owner, whose end was not seen.
            Some(_) if maps::TARGETS.insert(pid, entry, u64::from(BPF_ANY)).is_ok() => {}
            _ => {
                if let Some(counts) = counts(row) {
                    counts.no_room += 1;
                }
                return;
            }
        }
    }
    if let Some(counts) = counts(row) {
        counts.joined += 1;
    }
    open_if_armed(entry.joined_ns);
    record(task, row);
}

/// The first target opens a window that was waiting for it.
#[inline(always)]
fn open_if_armed(now_ns: u64) {
    if let Some(window) = maps::window_mut()
        && window.is_armed != 0
    {
        window.is_armed = 0;
        window.opened_ns = now_ns;
        // SAFETY: takes no argument and cannot fail.
        window.opened_boottime_ns = unsafe { bpf_ktime_get_boot_ns() };
        window.is_open = 1;
    }
}

/// A process is called `comm` from now on: so it is a target, or not any more.
#[inline(always)]
fn named(task: Task, comm: &[u8; 16]) {
    if is_named(task, comm) {
        join(task, NAMED, Row::Cpu);
    } else if let Some(entry) = maps::target_mut(task.pid())
        && entry.reasons & NAMED != 0
        && entry.start_boottime_ns == task.process_start_boottime_ns()
    {
        drop_reason(task.pid(), entry, NAMED);
    }
}

/// Takes away one reason for being a target, and with the last one the entry.
#[inline(always)]
fn drop_reason(id: u32, entry: &mut TargetEntry, reason: u32) {
    let rest = entry.reasons & !reason;
    if rest & (WHOLE_PROCESS | A_THREAD) == 0 {
        remove(id, entry.state, Row::Cpu);
    } else {
        entry.reasons = rest;
    }
}

#[inline(always)]
fn remove(id: u32, state: u32, row: Row) {
    if maps::TARGETS.remove(id).is_ok()
        && state != EXPECTED
        && let Some(counts) = counts(row)
    {
        counts.left += 1;
    }
}

/// Whether an entry is about the process or thread with this start.
#[inline(always)]
fn is_same(entry: &TargetEntry, start_boottime_ns: u64) -> bool {
    if entry.state == EXPECTED {
        return entry.start_boottime_ns / TICK_NS == start_boottime_ns / TICK_NS;
    }
    entry.start_boottime_ns == start_boottime_ns
}

/// Whether a process with this name is wanted. Kernel threads never are.
#[inline(always)]
fn is_named(task: Task, comm: &[u8; 16]) -> bool {
    let [low, high]: [u64; 2] = bytemuck::cast(*comm);
    global!(CONFIG.glob_tables) != 0 && !task.is_kernel_thread() && task.has_ids() && matches(low, high) != 0
}

/// Runs the automata over a name. Global linkage, as in [`slots`]: so the verifier looks at it once.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn matches(low: u64, high: u64) -> u32 {
    let comm: [u8; 16] = bytemuck::cast([low, high]);
    for index in 0..tracer_common::globs::TABLES as u32 {
        if index >= global!(CONFIG.glob_tables) {
            return 0;
        }
        let Some(table) = maps::glob_table(index) else { return 0 };
        if table.matches(&comm) {
            return 1;
        }
    }
    0
}

/// Tells user space of a target.
#[inline(always)]
fn record(task: Task, row: Row) {
    let record = record_of(task);
    let data = (&raw const record).cast_mut().cast();
    // SAFETY: the record lives on the stack for the call, and the map is a ring buffer.
    let sent = unsafe {
        bpf_ringbuf_output(maps::target_records(), data, size_of::<TargetRecord>() as u64, u64::from(BPF_RB_NO_WAKEUP))
    };
    if sent != 0
        && let Some(counts) = counts(row)
    {
        counts.unrecorded += 1;
    }
}

#[inline(always)]
fn record_of(task: Task) -> TargetRecord {
    TargetRecord {
        start_boottime_ns: task.process_start_boottime_ns(),
        pid: task.pid(),
        threads: task.process_threads(),
        comm: task.comm(),
    }
}

#[inline(always)]
fn counts(row: Row) -> Option<&'static mut tracer_common::targets::TargetCounts> {
    maps::target_counts(match row {
        Row::Walk => 0,
        Row::Cpu => maps::cpu() + 1,
    })
}
