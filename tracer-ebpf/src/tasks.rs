//! Who sleeps inside a system call right now: one record per task, written when user space asks.

use aya_ebpf::{bindings::seq_file, helpers::generated::bpf_seq_write};
use tracer_common::records::SleepingTask;

use crate::{call, ready, targets, task::Task, wait, window};

/// `bpf_iter__task`: what a task iterator is given for each task, and once more at the end with no task.
#[repr(C)]
pub struct TaskIteratorContext {
    meta: *const IteratorMeta,
    task: *const u8,
}

/// The start of `bpf_iter_meta`.
#[repr(C)]
struct IteratorMeta {
    seq: *mut seq_file,
}

/// `TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE` (`include/linux/sched.h`).
const ASLEEP: u32 = 3;

/// Makes those targets that are to be some, and writes out which processes are.
#[inline(always)]
pub fn list_targets(ctx: *const TaskIteratorContext) {
    // SAFETY: the kernel passes a valid context, whose members the verifier knows.
    let (task, seq) = unsafe { ((*ctx).task, (*(*ctx).meta).seq) };
    if !task.is_null() {
        targets::visit(Task::from_argument(task), seq);
    }
}

/// Writes the record of a task that belongs to the target and sleeps. One that runs is left out: its
/// registers may be those of a call that it has left. A disk wait that goes on when the window opens counts from then.
#[inline(always)]
pub fn report(ctx: *const TaskIteratorContext) {
    // SAFETY: the kernel passes a valid context, whose members the verifier knows.
    let (task, seq) = unsafe { ((*ctx).task, (*(*ctx).meta).seq) };
    if task.is_null() {
        return;
    }
    let task = Task::from_argument(task);
    if !window::is_target(task) {
        if window::members_may_leave() && targets::left_in_call(task) {
            call::count_left();
        }
        return;
    }
    let state = task.state();
    if state & ASLEEP == 0 {
        return;
    }
    let registers = task.registers();
    if window::opened_boottime_ns() == 0 {
        wait::goes_on(task, state, registers.syscall_number() as u64);
    }
    let record = SleepingTask {
        key: task.key(),
        comm: task.comm(),
        syscall_number: registers.syscall_number(),
        first_argument: ready::set_of(task, registers, registers.syscall_number() as u64),
        second_argument: registers.second(),
        in_iowait: task.in_iowait().into(),
        state,
    };
    // SAFETY: `seq` is the iterator's own; the record lives on the stack for the call.
    unsafe { bpf_seq_write(seq, (&raw const record).cast_mut().cast(), size_of::<SleepingTask>() as u32) };
}
