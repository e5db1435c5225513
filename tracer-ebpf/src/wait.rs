//! Sleeps: a thread leaves the CPU to wait, and is given it again. Disk waits are told from the others.
//!
//! Preemptions need no step here: the kernel adds them to the thread's run-queue delay.

use tracer_common::{
    records::Sleep,
    syscall::{readiness, synchronous},
};

use crate::{clock::now_ns, maps, slots, task::Task, window};

/// `TASK_UNINTERRUPTIBLE` (`include/linux/sched.h`).
const UNINTERRUPTIBLE: u32 = 2;

/// A task gives up the CPU of its own accord.
#[inline(always)]
pub fn switched_out(task: Task, state: u32) {
    // State 0: it stays runnable (a yield, or a signal came first), so it only loses the CPU.
    if state == 0 || !window::is_target(task) || !window::is_open() {
        return;
    }
    let registers = task.registers();
    let number = registers.syscall_number() as u64;
    if readiness::is_epoll(number) {
        if let Some(slot) = slots::find_or_claim(task) {
            slot.thread.epoll_sleeps += 1;
            slot.thread.epoll_fd = registers.first() as u32;
        }
        return;
    }
    let is_disk_wait = is_disk_wait(task, state, number);
    let slot = if is_disk_wait { slots::find_or_claim(task) } else { slots::find(task) };
    match slot {
        Some(slot) if is_disk_wait || slot.thread.call.active != 0 => {
            slot.thread.sleep = Sleep {
                since_ns: now_ns(),
                run_delay_ns: task.run_delay_ns(),
                is_disk_wait: is_disk_wait.into(),
                reserved: 0,
            };
        }
        None if is_disk_wait => slots::count_dropped(task),
        _ => {}
    }
}

/// Whether a sleep in the system call `number` waits for storage.
#[inline(always)]
fn is_disk_wait(task: Task, state: u32, number: u64) -> bool {
    if cfg!(feature = "fault-iowait-ignored") {
        return false;
    }
    state & UNINTERRUPTIBLE != 0
        && ((task.in_iowait() && !readiness::is_readiness_wait(number)) || synchronous::waits_for_storage(number))
}

/// A task is given the CPU.
#[inline(always)]
pub fn switched_in(task: Task) {
    if !window::is_target(task) {
        return;
    }
    let Some(slots::Slot { thread, .. }) = slots::find(task) else { return };
    if thread.sleep.since_ns == 0 {
        return;
    }
    let elapsed_ns = now_ns() - thread.sleep.since_ns;
    thread.sleep.since_ns = 0;
    if !window::is_open() {
        return;
    }
    // The kernel has added to the run-queue delay only what the task waited on a CPU that it was moved
    // away from; the rest is added right after this tracepoint.
    let queued_ns = task.run_delay_ns() - thread.sleep.run_delay_ns + task.queued_for_ns();
    let slept_ns = elapsed_ns.saturating_sub(queued_ns);
    if elapsed_ns < queued_ns
        && let Some(losses) = maps::losses()
    {
        losses.parts_clamped += 1;
    }
    let is_in_call = thread.call.active != 0;
    if thread.sleep.is_disk_wait != 0 {
        thread.disk_waits += 1;
        thread.disk_wait_ns += slept_ns;
        thread.disk_wait_max_ns = thread.disk_wait_max_ns.max(slept_ns);
        if is_in_call {
            thread.call.disk_waits += 1;
            thread.call.disk_ns += slept_ns;
        }
    } else if is_in_call {
        thread.call.other_sleeps += 1;
        thread.call.other_ns += slept_ns;
    }
}
