//! Stacks: of each disk wait, and of the sleep that makes a call slow.
//!
//! They are taken where a thread leaves the CPU: there it is the current one, so the stacks are its own.

use aya_ebpf::{
    EbpfContext,
    bindings::{BPF_F_USER_STACK, BPF_NOEXIST},
    helpers::generated::bpf_get_stackid,
    maps::StackTrace,
};
use tracer_common::{
    records::{OffCpuReason, ThreadSlot},
    stack::{IN_SECOND_MAP, PLACE_TAKEN, StackIds, StackKey, StackState, StackSums},
};

use crate::{globals::global, maps};

#[inline(always)]
fn are_wanted() -> bool {
    global!(CONFIG.stacks) != 0
}

/// What is known of the stacks of `thread`; `None`: they are not wanted.
#[inline(always)]
fn state_of(thread: &ThreadSlot) -> Option<&'static mut StackState> {
    if are_wanted() { maps::stack_state(thread.index) } else { None }
}

/// `thread`, the current one, goes to sleep.
#[inline(always)]
pub fn falls_asleep(ctx: &impl EbpfContext, thread: &ThreadSlot) {
    if let Some(state) = state_of(thread) {
        if cfg!(feature = "fault-stacks-late") && thread.off_cpu.since_ns.is_multiple_of(2) {
            return;
        }
        state.asleep = current(ctx);
    }
}

/// `thread` has been asleep since before anybody looked.
#[inline(always)]
pub fn unseen(thread: &ThreadSlot) {
    if let Some(state) = state_of(thread) {
        state.asleep = StackIds::UNSEEN;
    }
}

/// `thread` enters a call.
#[inline(always)]
pub fn call_begins(thread: &ThreadSlot) {
    if let Some(state) = state_of(thread) {
        state.has_slept = 0;
        state.longest_is_disk = 0;
        state.longest_ns = 0;
    }
}

/// A sleep of `thread` is over, after `slept_ns`.
#[inline(always)]
pub fn woken(thread: &ThreadSlot, reason: u32, slept_ns: u64) {
    let Some(state) = state_of(thread) else { return };
    let is_disk = u32::from(reason == OffCpuReason::Disk as u32);
    if is_disk != 0 {
        add(thread, state.asleep, slept_ns);
    }
    let is_longest = state.has_slept == 0
        || is_disk > state.longest_is_disk
        || (is_disk == state.longest_is_disk && slept_ns > state.longest_ns);
    if thread.call.active != 0 && is_longest {
        state.longest = state.asleep;
        state.longest_ns = slept_ns;
        state.longest_is_disk = is_disk;
        state.has_slept = 1;
    }
}

/// The stack that a slow or disk-blocked call of the current thread is told with: where it slept longest, or where it
/// is now.
#[inline(always)]
pub fn of_call(ctx: &impl EbpfContext, thread: &ThreadSlot) -> StackIds {
    let Some(state) = state_of(thread) else { return StackIds::UNSEEN };
    if state.has_slept != 0 {
        return state.longest;
    }
    let ids = current(ctx);
    if ids.found_no_room() {
        count_dropped();
    }
    ids
}

/// Adds a disk wait of `slept_ns` to those on the same stack.
#[inline(always)]
fn add(thread: &ThreadSlot, ids: StackIds, slept_ns: u64) {
    let key = StackKey { thread: thread.key, ids, syscall_number: thread.off_cpu.syscall_number, reserved: 0 };
    let is_kept = match maps::stack_sums(&key) {
        // The thread, or the switch that gives it the CPU, is the only one that writes here.
        Some(sums) => {
            sums.disk_waits += 1;
            sums.disk_ns += slept_ns;
            true
        }
        None => {
            let first = StackSums { disk_waits: 1, disk_ns: slept_ns };
            maps::STACK_SUMS.insert(key, first, u64::from(BPF_NOEXIST)).is_ok()
        }
    };
    if !is_kept || ids.found_no_room() {
        count_dropped();
    }
}

#[inline(always)]
fn count_dropped() {
    if let Some(losses) = maps::losses() {
        losses.stacks_dropped += 1;
    }
}

/// The stack of the current thread.
#[inline(always)]
fn current(ctx: &impl EbpfContext) -> StackIds {
    StackIds { kernel: id_of(ctx, 0), user: id_of(ctx, u64::from(BPF_F_USER_STACK)) }
}

#[inline(always)]
fn id_of(ctx: &impl EbpfContext, flags: u64) -> i32 {
    let first = id_in(&maps::STACKS, ctx, flags);
    if first != PLACE_TAKEN {
        return first;
    }
    let second = id_in(&maps::MORE_STACKS, ctx, flags);
    if second < 0 { second } else { second | IN_SECOND_MAP }
}

#[inline(always)]
fn id_in(map: &'static StackTrace, ctx: &impl EbpfContext, flags: u64) -> i32 {
    // SAFETY: the context is the program's own, and the map one of stacks.
    unsafe { bpf_get_stackid(ctx.as_ptr(), core::ptr::from_ref(map).cast_mut().cast(), flags) as i32 }
}
