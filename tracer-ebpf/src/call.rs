//! A traced call: it begins, it returns, and its latency is split into the four parts.

use aya_ebpf::{EbpfContext, programs::TracePointContext};
use aya_log_ebpf::warn;
use tracer_common::{
    histogram::bucket_of,
    records::{Breakdown, COLD_COUNTED, COLD_UNKNOWN, Call, CallStats, Cause, ERRNO_LIMIT},
    syscall::Syscall,
};

use crate::{
    behind,
    clock::now_ns,
    cold::{self, Settled},
    culprit, files,
    globals::{self, global},
    kernel::opaque,
    maps,
    slots::{self, Slot},
    stack, targets,
    task::Task,
    transfer, wait, window,
};

/// The traced system call with this number, whatever its direction.
#[inline(always)]
pub fn traced(number: u64) -> Option<Syscall> {
    Syscall::of_number(number).filter(|&syscall| globals::is_traced(syscall))
}

/// The result of a system call, from a classic `sys_exit_*` tracepoint.
#[inline(always)]
pub fn tracepoint_result(ctx: &TracePointContext) -> i64 {
    // SAFETY: the context is an event of the tracepoint, whose `ret` is at 16
    // (events/syscalls/sys_exit_*/format).
    unsafe { core::ptr::read_volatile(ctx.as_ptr().add(16).cast::<i64>()) }
}

/// The number of a system call, from a classic `sys_enter_*` or `sys_exit_*` tracepoint.
#[inline(always)]
pub fn tracepoint_number(ctx: &TracePointContext) -> u64 {
    // SAFETY: the context is an event of the tracepoint, whose `__syscall_nr` is at 8.
    u64::from(unsafe { core::ptr::read_volatile(ctx.as_ptr().add(8).cast::<u32>()) })
}

/// A thread enters sendfile.
#[inline(always)]
pub fn enter_sendfile() {
    enter(|_| Some(Syscall::Sendfile));
}

/// A thread enters the system call `number`.
#[inline(always)]
pub fn enter_any(number: u64) {
    if traced(number).is_some() {
        enter(|task| transfer::entered(task, number));
    }
}

/// A thread enters the system call that `which` tells, if it belongs to the target.
#[inline(always)]
fn enter(which: impl FnOnce(Task) -> Option<Syscall>) {
    let task = Task::current();
    if !window::is_target(task) || !window::is_open() {
        return window::note_trial(task);
    }
    let Some(syscall) = which(task) else { return };
    let Some(Slot { thread, .. }) = slots::find_or_claim(task) else {
        slots::count_dropped(task);
        count_lost(Lost::NoSlot);
        return;
    };
    if thread.call.active != 0 {
        count_lost(Lost::NoExit);
    }
    wait::made_up_for(thread);
    thread.entered += 1;
    stack::call_begins(thread);
    let call = &mut thread.call;
    call.runqueue_ns = 0;
    call.disk_ns = 0;
    call.other_ns = 0;
    call.disk_waits = 0;
    call.other_sleeps = 0;
    call.preemptions = 0;
    call.cold_known = COLD_UNKNOWN;
    call.active = Call::mark(syscall);
    // Last, so that this probe's own work is not in the latency.
    call.since_ns = now_ns();
}

/// A thread returns from sendfile with `result`: bytes, or −errno.
#[inline(always)]
pub fn exit_sendfile(ctx: &impl EbpfContext, result: i64) {
    exit(
        ctx,
        Syscall::Sendfile,
        |active| (active == Call::mark(Syscall::Sendfile)).then_some(Syscall::Sendfile),
        result,
    );
}

/// A thread returns from the system call `number` with `result`.
#[inline(always)]
pub fn exit_any(ctx: &impl EbpfContext, number: u64, result: i64) {
    if let Some(syscall) = traced(number) {
        let entered = |active| Call::syscall_of(active).filter(|entry| u64::from(entry.info().number) == number);
        exit(ctx, syscall, entered, result);
    }
}

/// A thread returns from `syscall` with `result`; `entered` tells from [`Call::active`] which entry it is, with its
/// direction.
#[inline(always)]
fn exit(ctx: &impl EbpfContext, syscall: Syscall, entered: impl FnOnce(u32) -> Option<Syscall>, result: i64) {
    let task = Task::current();
    if !window::is_target(task) {
        return window::note_trial(task);
    }
    let now_ns = now_ns();
    // Behind a closed gate a call stays marked as active: so user space finds what is in flight.
    if !window::is_open() {
        return window::note_trial(task);
    }
    if let Some(slot) = slots::find(task)
        && let Some(syscall) = entered(slot.thread.call.active)
    {
        wait::made_up_for(slot.thread);
        slot.thread.call.active = 0;
        if cfg!(feature = "fault-calls-lost") && slot.thread.entered % 8 == 0 {
            return;
        }
        let call = &slot.thread.call;
        let parts = Parts::of(call, now_ns - call.since_ns);
        let has_cold = call.cold_known == COLD_COUNTED;
        let cold = if has_cold { cold::settle(&call.cold, result) } else { Settled::NONE };
        let outcome = Outcome { syscall, result, has_cold, cold };
        let Some(stats) = slots::calls(slot.index, &mut slot.thread.records, syscall) else {
            if let Some(losses) = maps::losses() {
                losses.records_dropped += 1;
            }
            count_lost(Lost::NoRecord);
            return;
        };
        if account(stats, call, &parts, &outcome).is_some()
            && (parts.latency_ns >= global!(CONFIG.threshold_ns) || parts.cause == Cause::Disk)
        {
            let behind = behind::behind(&parts);
            let stack = stack::of_call(ctx, slot.thread);
            culprit::tell(task, slot.thread, &parts, &outcome, behind, stack);
        }
    } else {
        without_entry(task, syscall, now_ns);
    }
}

/// What a call came to.
pub struct Outcome {
    /// Which system call.
    pub syscall: Syscall,
    /// Bytes, or −errno.
    pub result: i64,
    /// Whether it brought in pages.
    pub has_cold: bool,
    /// These pages.
    pub cold: Settled,
}

/// The four parts of a call's latency. They add up to it.
pub struct Parts {
    /// From entry to return, ns.
    pub latency_ns: u64,
    /// Waiting for storage, ns.
    pub disk_ns: u64,
    /// Other sleeps, ns.
    pub other_ns: u64,
    /// Waiting for a CPU, ns.
    pub runqueue_ns: u64,
    /// Why it took so long.
    pub cause: Cause,
    is_clamped: bool,
}

impl Parts {
    /// The times off the CPU lie within the call and do not overlap, all by the same clock: so nothing is
    /// ever cut here, unless a probe was missed.
    #[inline(always)]
    fn of(call: &Call, latency_ns: u64) -> Self {
        let cause = if call.disk_waits > 0 {
            Cause::Disk
        } else if call.other_sleeps > 0 {
            Cause::Other
        } else if call.preemptions > 0 {
            Cause::Runqueue
        } else {
            Cause::OnCpu
        };
        let disk_ns = call.disk_ns.min(latency_ns);
        let other_ns = call.other_ns.min(latency_ns - disk_ns);
        let runqueue_ns = call.runqueue_ns.min(latency_ns - disk_ns - other_ns);
        Self {
            latency_ns,
            disk_ns,
            other_ns,
            runqueue_ns,
            cause,
            is_clamped: disk_ns + other_ns + runqueue_ns != call.disk_ns + call.other_ns + call.runqueue_ns,
        }
    }
}

/// Adds a call that returned to its thread's numbers. The common call, which ran all along, touches
/// this one record and no other. `None`: it could not be counted.
#[inline(always)]
fn account(stats: &mut CallStats, call: &Call, parts: &Parts, outcome: &Outcome) -> Option<()> {
    let Outcome { syscall, result, .. } = *outcome;
    let bucket = stats.buckets.get_mut(opaque(bucket_of(parts.latency_ns)))?;
    if *bucket == u32::MAX {
        count_lost(Lost::FullBucket);
        return None;
    }
    *bucket += 1;
    stats.latency_sum_ns += parts.latency_ns;
    if parts.latency_ns >= global!(CONFIG.threshold_ns) {
        stats.slow += 1;
    }
    if result >= 0 {
        stats.bytes += result as u64;
    } else {
        stats.errors += 1;
        count_error(syscall, result.wrapping_neg() as u64);
    }
    account_pages(stats, parts, outcome);
    if parts.cause == Cause::OnCpu {
        stats.on_cpu.add(parts.latency_ns);
        return Some(());
    }
    stats.blocked.add(parts.latency_ns);
    stats.disk_ns += parts.disk_ns;
    stats.other_ns += parts.other_ns;
    stats.runqueue_ns += parts.runqueue_ns;
    stats.disk_waits += u64::from(call.disk_waits);
    if parts.is_clamped
        && let Some(losses) = maps::losses()
    {
        losses.parts_clamped += 1;
    }
    match parts.cause {
        Cause::Disk => {
            stats.disk_blocked += 1;
            add(Breakdown::Disk, syscall, parts.latency_ns);
            add(Breakdown::WithoutDisk, syscall, parts.latency_ns - parts.disk_ns);
        }
        Cause::Other => add(Breakdown::Other, syscall, parts.latency_ns),
        Cause::Runqueue | Cause::OnCpu => add(Breakdown::Runqueue, syscall, parts.latency_ns),
    }
    Some(())
}

/// Adds the pages that a call read and brought in.
#[inline(always)]
fn account_pages(stats: &mut CallStats, parts: &Parts, outcome: &Outcome) {
    let Outcome { syscall, result, .. } = *outcome;
    let cold = &outcome.cold;
    if outcome.has_cold {
        stats.cold_requested += cold.requested;
        stats.read_ahead += cold.read_ahead;
    }
    if files::are_told_apart() {
        let disk_ns = if parts.cause == Cause::Disk { Some(parts.disk_ns) } else { None };
        if let Some(read) = files::read(syscall, result, cold, disk_ns) {
            stats.pages += read.pages;
            if result > 0 {
                stats.file_calls += 1;
                stats.file_bytes += result as u64;
                if read.is_direct {
                    stats.direct_calls += 1;
                    stats.direct_bytes += result as u64;
                }
            }
        }
    } else if outcome.has_cold {
        stats.pages += cold.pages;
    } else if result > 0 && syscall.always_reads_file() {
        stats.pages += cold::pages_in(0, result as u64);
    }
}

/// Adds a value to this CPU's histogram of `breakdown`.
#[inline(always)]
fn add(breakdown: Breakdown, syscall: Syscall, value_ns: u64) {
    if let Some(histogram) = maps::breakdown(breakdown, syscall)
        && let Some(bucket) = histogram.buckets.get_mut(opaque(bucket_of(value_ns)))
    {
        *bucket += 1;
        histogram.sum_ns += value_ns;
        histogram.extremes.add(value_ns);
    }
}

#[inline(always)]
fn count_error(syscall: Syscall, errno: u64) {
    let index = if errno < ERRNO_LIMIT as u64 { errno as usize } else { 0 };
    if let Some(errors) = maps::errors(syscall)
        && let Some(count) = errors.by_errno.get_mut(opaque(index))
    {
        *count += 1;
    }
}

/// An exit whose entry was not counted. Where it is the thread's first sign, the call began before the window:
/// no loss, but the call may have been stuck, so the moment is kept. Where the thread has become a target since it
/// last gave a sign, the call may have begun before that, and is nobody's.
#[inline(always)]
fn without_entry(task: Task, syscall: Syscall, now_ns: u64) {
    let Some(Slot { thread, .. }) = slots::find_or_claim(task) else {
        // Its entry was counted as lost, or lies before the window.
        return;
    };
    let is_first = thread.entered == 0 && thread.returned_at_ns == 0 && thread.call.since_ns == 0;
    let joined_ns = targets::joined_ns(task);
    let joined_inside = joined_ns > window::opened_ns();
    if is_first && !joined_inside && thread.key.start_boottime_ns < window::opened_boottime_ns() {
        thread.returned_at_ns = now_ns;
        thread.returned_from = Call::mark(syscall);
    } else if window::members_may_leave()
        && (is_first || (joined_inside && thread.call.since_ns.max(thread.returned_at_ns) < joined_ns))
    {
        thread.call.since_ns = now_ns;
    } else {
        count_lost(Lost::NoEntry);
    }
}

/// Counts a call as lost whose thread is no target any more.
#[inline(always)]
pub fn count_left() {
    if let Some(losses) = maps::losses() {
        losses.calls_uncounted += 1;
    }
}

/// Why a call could not be counted.
#[repr(u32)]
enum Lost {
    /// Its thread has no slot, and there is none left.
    NoSlot,
    /// Its thread has no record for this system call, and there is none left.
    NoRecord,
    /// It was entered, and another one was entered before it returned.
    NoExit,
    /// It returned, and was never entered.
    NoEntry,
    /// As many calls as can be counted are in its bucket.
    FullBucket,
}

#[inline(always)]
fn count_lost(why: Lost) {
    count_lost_because(why as u32);
}

/// Counts a call as lost, and says so to whoever listens (`-v`): at first, and then ever more rarely. Global linkage: see
/// [`slots`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn count_lost_because(why: u32) -> u32 {
    const NO_SLOT: u32 = Lost::NoSlot as u32;
    const NO_RECORD: u32 = Lost::NoRecord as u32;
    const NO_EXIT: u32 = Lost::NoExit as u32;
    const NO_ENTRY: u32 = Lost::NoEntry as u32;
    let Some(losses) = maps::losses() else { return 0 };
    losses.calls_uncounted += 1;
    if losses.calls_uncounted & (losses.calls_uncounted - 1) == 0 {
        // A text for each: to the verifier, one of unknown length is a walk through its bytes.
        match why {
            NO_SLOT => warn!((), "{} calls are not counted on this CPU; the latest: no slot", losses.calls_uncounted),
            NO_RECORD => {
                warn!((), "{} calls are not counted on this CPU; the latest: no record", losses.calls_uncounted)
            }
            NO_EXIT => warn!((), "{} calls are not counted on this CPU; the latest: no exit", losses.calls_uncounted),
            NO_ENTRY => warn!((), "{} calls are not counted on this CPU; the latest: no entry", losses.calls_uncounted),
            _ => warn!((), "{} calls are not counted on this CPU; the latest: full bucket", losses.calls_uncounted),
        }
    }
    0
}
