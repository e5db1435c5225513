//! Off the CPU: a thread leaves it to sleep or is preempted, and is given it again.
//!
//! All times are taken here, at the switch, by the clock that times the calls: so the parts of a call never
//! exceed it. The kernel's own run-queue delay would not do for preemptions: it counts from the moment
//! another thread was preferred, when this one may still have been running, even before its call.

use aya_ebpf::EbpfContext;
use tracer_common::{
    records::{Call, OffCpu, OffCpuReason, ThreadSlot, UNINTERRUPTIBLE, WAIT_PLACES, WaitPlace},
    syscall::{Syscall, readiness, synchronous},
    turns::TurnWait,
};

use crate::{
    call,
    clock::now_ns,
    file, files,
    globals::global,
    maps, ready,
    slots::{self, Slot},
    stack, targets,
    task::{PAGE_FAULT, Task},
    waited_file, window,
};

/// The state of a task that is preempted, or yields: it stays runnable.
pub const PREEMPTED: u32 = 0;

/// A task leaves the CPU in `state`.
#[inline(always)]
pub fn switched_out(ctx: &impl EbpfContext, task: Task, state: u32) {
    if !window::is_target(task) || !window::is_open() {
        return;
    }
    if state == PREEMPTED {
        if let Some(thread) = in_call(task) {
            begin(thread, task, OffCpuReason::Preempted, 0);
        }
        return;
    }
    let registers = task.registers();
    let number = registers.syscall_number() as u64;
    if readiness::kind_of(number).is_some() {
        ready::falls_asleep(task, registers, number);
    } else if is_disk_wait(task, state, number, || flags_behind(file::behind(registers.first()))) {
        match slots::find_or_claim(task) {
            Some(slot) => {
                made_up_for(slot.thread);
                begin(slot.thread, task, OffCpuReason::Disk, number as i32);
                stack::falls_asleep(ctx, slot.thread);
                waited_file::note(slot.thread);
            }
            None => slots::count_dropped(task),
        }
    } else if let Some(thread) = in_call(task) {
        begin(thread, task, OffCpuReason::Other, 0);
        stack::falls_asleep(ctx, thread);
    }
}

/// A task has been asleep in `state` since before the window, which is about to open: for the disk, or inside a traced
/// call. Behind the closed gate nobody else writes to its slot.
#[inline(always)]
pub fn goes_on(task: Task, state: u32, number: u64) {
    if readiness::kind_of(number).is_some() {
        return;
    }
    let syscall = call::traced(number);
    let flags = || flags_behind(file::behind_of(task, task.registers().first()));
    let is_disk_wait = is_disk_wait(task, state, number, flags);
    if !is_disk_wait && syscall.is_none() {
        return;
    }
    if let Some(Slot { thread, .. }) = slots::find_or_claim(task) {
        let reason = if is_disk_wait { OffCpuReason::Disk } else { OffCpuReason::Other };
        begin(thread, task, reason, number as i32);
        stack::unseen(thread);
        if let Some(syscall) = syscall {
            thread.returned_from = Call::mark(syscall);
        }
    }
}

/// The thread, if it is in a traced call: disk waits are of interest anywhere, everything else there alone.
#[inline(always)]
fn in_call(task: Task) -> Option<&'static mut ThreadSlot> {
    let slot = slots::find(task)?;
    made_up_for(slot.thread);
    if slot.thread.call.active != 0 { Some(slot.thread) } else { None }
}

#[inline(always)]
fn begin(thread: &mut ThreadSlot, task: Task, reason: OffCpuReason, syscall_number: i32) {
    thread.off_cpu = OffCpu {
        since_ns: now_ns(),
        since_clock_ns: task.run_queue_clock_ns(),
        run_delay_ns: task.run_delay_ns(),
        reason: reason as u32,
        syscall_number,
    };
}

/// Whether a sleep in the system call `number`, which is no readiness wait, waits for storage. `flags` are those of the file
/// behind its first argument.
#[inline(always)]
fn is_disk_wait(task: Task, state: u32, number: u64, flags: impl FnOnce() -> u32) -> bool {
    if cfg!(feature = "fault-iowait-ignored") {
        return false;
    }
    state & UNINTERRUPTIBLE != 0
        && (task.in_iowait()
            || synchronous::waits_for_storage(number)
            // What was opened like this waits for the storage.
            || (synchronous::is_write(number) && flags() & WRITES_THROUGH != 0))
}

/// `O_DSYNC`, which `O_SYNC` includes (`include/uapi/asm-generic/fcntl.h`).
const WRITES_THROUGH: u32 = 0o10_000;

/// The flags that a file was opened with; none of them, where there is no file.
#[inline(always)]
fn flags_behind(file: Option<u64>) -> u32 {
    file.and_then(|file| file::read(file, global!(OFFSETS.file_flags))).unwrap_or(0)
}

/// A task is given the CPU.
#[inline(always)]
pub fn switched_in(task: Task) {
    if !window::is_target(task) {
        if window::members_may_leave() {
            targets::forget(task);
        }
        return;
    }
    let Some(Slot { thread, .. }) = slots::find(task) else { return };
    if thread.off_cpu.since_ns == 0 || !window::is_open() {
        return;
    }
    if cfg!(feature = "harm-switches-withheld") && now_ns().is_multiple_of(4) {
        return;
    }
    let elapsed_ns = now_ns() - thread.off_cpu.since_ns;
    // The kernel has added to the run-queue delay only what the task waited on a CPU that it was moved
    // away from; the rest is added right after this tracepoint.
    let queued_ns = task.run_delay_ns() - thread.off_cpu.run_delay_ns + task.queued_for_ns();
    end(thread, task, elapsed_ns, queued_ns);
}

/// Ends a time off the CPU whose end no probe saw, now that the current task runs, which is that of `thread`.
///
/// A switch can be withheld from every program: some kernels do so while the thread that gives up the CPU
/// belongs to a guarded process. The scheduler's own record of the switch is as good, by its own clock: so
/// this is the last moment to look, before the next switch overwrites it or a call ends.
#[inline(always)]
pub fn made_up_for(thread: &ThreadSlot) {
    if thread.off_cpu.since_ns != 0 {
        make_up(thread.index);
    }
}

/// Global linkage: see [`slots`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn make_up(slot: u32) -> u32 {
    let task = Task::current();
    if let Some(thread) = maps::thread(slot) {
        let elapsed_ns = task.last_arrival_ns().saturating_sub(thread.off_cpu.since_clock_ns);
        let queued_ns = task.run_delay_ns() - thread.off_cpu.run_delay_ns;
        end(thread, task, elapsed_ns, queued_ns);
    }
    0
}

/// The run queue's clock is read when a switch begins, this program's a little later, or after an interrupt. So a task
/// that is woken while it falls asleep has queued for longer than it was off the CPU, by this much at most.
const CLOCKS_APART_NS: u64 = 100_000;

/// Accounts for a time off the CPU, of which the task was awake and queued for `queued_ns`.
#[inline(always)]
fn end(thread: &mut ThreadSlot, task: Task, elapsed_ns: u64, queued_ns: u64) {
    thread.off_cpu.since_ns = 0;
    let reason = thread.off_cpu.reason;
    let is_in_call = thread.call.active != 0;
    if reason == OffCpuReason::Preempted as u32 {
        if is_in_call {
            thread.call.runqueue_ns += elapsed_ns;
            thread.call.preemptions += 1;
        }
        return;
    }
    if queued_ns > elapsed_ns + CLOCKS_APART_NS
        && let Some(losses) = maps::losses()
    {
        losses.parts_clamped += 1;
    }
    let queued_ns = queued_ns.min(elapsed_ns);
    let slept_ns = elapsed_ns - queued_ns;
    stack::woken(thread, reason, slept_ns);
    note_woken(thread);
    if is_in_call {
        thread.call.runqueue_ns += queued_ns;
    }
    if reason == OffCpuReason::Disk as u32 {
        if thread.turns.since_ns != 0 {
            thread.turns.has_disk_waits = 1;
            thread.turns.disk_waits += 1;
            thread.turns.disk_ns += slept_ns;
            if thread.turns.longest.wait_ns <= slept_ns {
                thread.turns.longest = TurnWait { wait_ns: slept_ns, ..thread.turns.latest };
            }
        }
        let place = place_of(&mut thread.wait_places, thread.off_cpu.syscall_number);
        place.waits += 1;
        place.wait_ns += slept_ns;
        place.max_ns = place.max_ns.max(slept_ns);
        if files::are_told_apart() && thread.off_cpu.syscall_number == PAGE_FAULT {
            files::waited_in_fault(task, &thread.faults, slept_ns);
        }
        if is_in_call {
            thread.call.disk_waits += 1;
            thread.call.disk_ns += slept_ns;
        }
    } else if is_in_call {
        thread.call.other_sleeps += 1;
        thread.call.other_ns += slept_ns;
    }
}

/// Notes when a thread wakes up in a traced call that it has been in since before the window.
#[inline(always)]
fn note_woken(thread: &mut ThreadSlot) {
    let number = |syscall: Syscall| syscall.info().number as i32;
    if thread.returned_from != 0
        && thread.entered == 0
        && thread.returned_at_ns == 0
        && Call::syscall_of(thread.returned_from).map(number) == Some(thread.off_cpu.syscall_number)
    {
        thread.woken_at_ns = now_ns();
    }
}

/// Where disk waits in this system call are counted: the entry that is its own, or the last one.
#[inline(always)]
fn place_of(places: &mut [WaitPlace; WAIT_PLACES], number: i32) -> &mut WaitPlace {
    let [own @ .., last] = places;
    for place in own {
        if place.waits == 0 {
            place.number = number;
        }
        if place.number == number {
            return place;
        }
    }
    last
}
