//! Which slot is whose: open addressing from `tid & mask`. Slots are not given back inside a window, so
//! a thread that ends keeps its numbers, and a reused tid is another thread.

use aya_ebpf::bindings::BPF_NOEXIST;
use tracer_common::{
    config::PROBE_LIMIT,
    records::{CallStats, ThreadSlot},
    syscall::Syscall,
};

use crate::{
    globals::{self, global},
    maps,
    task::Task,
};

/// A thread's slot, and where it is.
pub struct Slot {
    /// Index in the maps.
    pub index: u32,
    /// What the thread does.
    pub thread: &'static mut ThreadSlot,
}

/// The slot of `task`, if it has one.
#[inline(always)]
pub fn find(task: Task) -> Option<Slot> {
    let (start_boottime_ns, tid) = (task.start_boottime_ns(), task.tid());
    let home = home_of(tid);
    let thread = maps::thread(home)?;
    if is_of(thread, start_boottime_ns, tid) {
        return Some(Slot { index: home, thread });
    }
    if thread.key.start_boottime_ns == 0 {
        return None;
    }
    at(search(start_boottime_ns, tid))
}

/// The slot of `task`, taken for it if it has none yet; `None` if there is no room, which is counted.
#[inline(always)]
pub fn find_or_claim(task: Task) -> Option<Slot> {
    let (start_boottime_ns, tid) = (task.start_boottime_ns(), task.tid());
    let home = home_of(tid);
    let thread = maps::thread(home)?;
    if is_of(thread, start_boottime_ns, tid) {
        return Some(Slot { index: home, thread });
    }
    let index = claim(start_boottime_ns, tid);
    let slot = at(index)?;
    if !is_of(slot.thread, start_boottime_ns, tid) {
        // The start is what tells a taken slot from a free one, so it is written last.
        slot.thread.comm = task.comm();
        slot.thread.index = slot.index;
        slot.thread.key.pid = task.pid();
        slot.thread.key.tid = tid;
        slot.thread.key.start_boottime_ns = start_boottime_ns;
    }
    Some(slot)
}

/// Counts a thread for which there was no room; each once.
#[inline(always)]
pub fn count_dropped(task: Task) {
    if maps::DROPPED.insert(task.key(), 1, u64::from(BPF_NOEXIST)).is_ok()
        && let Some(losses) = maps::losses()
    {
        losses.threads_dropped += 1;
    }
}

/// What [`search`] and [`claim`] return for "none".
const NONE: u32 = u32::MAX;

/// Where a thread is, from its home slot on.
///
/// This function and the next have global linkage: so the verifier looks at each once, and not again for each state
/// in which it may be called.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn search(start_boottime_ns: u64, tid: u32) -> u32 {
    for step in 0..PROBE_LIMIT {
        let index = (tid + step) & global!(CONFIG.slot_mask);
        let Some(thread) = maps::thread(index) else { return NONE };
        if thread.key.start_boottime_ns == start_boottime_ns && thread.key.tid == tid {
            return index;
        }
        if thread.key.start_boottime_ns == 0 {
            return NONE;
        }
    }
    NONE
}

/// Where the thread is, or the free slot that is now its own.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn claim(start_boottime_ns: u64, tid: u32) -> u32 {
    for step in 0..PROBE_LIMIT {
        let index = (tid + step) & global!(CONFIG.slot_mask);
        let Some(thread) = maps::thread(index) else { return NONE };
        if thread.key.start_boottime_ns == start_boottime_ns && thread.key.tid == tid {
            return index;
        }
        if thread.key.start_boottime_ns == 0 && maps::CLAIMS.insert(index, tid, u64::from(BPF_NOEXIST)).is_ok() {
            return index;
        }
    }
    NONE
}

/// Where the calls of `syscall` by the thread at `slot` are summed up; `None`: there is no room.
#[inline(always)]
pub fn calls(
    slot: u32,
    records: &mut [u32; Syscall::COUNT as usize],
    syscall: Syscall,
) -> Option<&'static mut CallStats> {
    if global!(CONFIG.record_mask) == 0 {
        return maps::calls(slot);
    }
    let row = globals::row_of(syscall);
    let record = records.get_mut(row as usize & (Syscall::COUNT as usize - 1))?;
    if *record == 0 {
        *record = claim_record(slot, row);
    }
    // 0 less 1 is no index.
    maps::calls(record.wrapping_sub(1))
}

/// Marks a claim as one of a record of calls.
const RECORDS: u32 = 1 << 30;

/// Takes a free record of calls; returns its index plus 1, 0 if there is none.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn claim_record(slot: u32, row: u32) -> u32 {
    let mask = global!(CONFIG.record_mask);
    // Twice as many as slots: those of neighbours lie apart.
    let home = (slot * 2).wrapping_add(row.wrapping_mul(0x9E37_79B1));
    for step in 0..PROBE_LIMIT {
        let index = home.wrapping_add(step) & mask;
        if maps::CLAIMS.insert(RECORDS | index, slot, u64::from(BPF_NOEXIST)).is_ok() {
            return index + 1;
        }
    }
    0
}

#[inline(always)]
fn at(index: u32) -> Option<Slot> {
    maps::thread(index).map(|thread| Slot { index, thread })
}

#[inline(always)]
fn home_of(tid: u32) -> u32 {
    tid & global!(CONFIG.slot_mask)
}

#[inline(always)]
fn is_of(thread: &ThreadSlot, start_boottime_ns: u64, tid: u32) -> bool {
    if cfg!(feature = "fault-threads-mixed") {
        return thread.key.start_boottime_ns != 0;
    }
    thread.key.start_boottime_ns == start_boottime_ns && thread.key.tid == tid
}
