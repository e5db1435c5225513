//! What a thread polls or selects: several connections, or one that takes new ones? On rare paths only.

use core::ffi::c_void;

use aya_ebpf::helpers::{bpf_probe_read_user, generated::bpf_loop};
use tracer_common::{
    records::ThreadSlot,
    syscall::readiness::{self, Readiness},
    turns::LEAST_SOCKETS,
};

use crate::{
    file,
    slots::{self, Slot},
    socket,
    task::Task,
};

/// Most descriptors of an array that are looked at.
const MOST_POLLED: u64 = 64;

/// Bits of an `fd_set`.
const FD_SETSIZE: u64 = 1024;

/// A thread that has not made so many turns is looked at in each …
const FIRST_TURNS: u64 = 16;

/// … and then in one of so many.
const ONE_TURN_OF: u64 = 64;

/// Where a walk through the descriptors is.
struct Walk {
    /// What the thread handed over.
    address: u64,
    /// The word of bits that is looked at.
    word: u64,
    sockets: u64,
    listens: u64,
}

/// Looks at the set that the current thread polls or selects, if that is worth it.
#[inline(always)]
pub fn look(thread: &ThreadSlot) {
    let turns = &thread.turns;
    let kind = readiness::kind_of(turns.syscall_number.into());
    if matches!(kind, Some(Readiness::Poll | Readiness::Select))
        && turns.sockets < LEAST_SOCKETS
        && turns.listens == 0
        && (turns.turns < FIRST_TURNS || turns.turns.is_multiple_of(ONE_TURN_OF))
    {
        look_at_set();
    }
}

/// Global linkage: see [`slots`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn look_at_set() -> u64 {
    let Some(Slot { thread, .. }) = slots::find(Task::current()) else { return 0 };
    let turns = &mut thread.turns;
    let mut walk = Walk { address: turns.set, word: 0, sockets: 0, listens: 0 };
    let context = (&raw mut walk).cast();
    if readiness::kind_of(turns.syscall_number.into()) == Some(Readiness::Poll) {
        // SAFETY: the callback is a function of this object that fits, its context lives until after the call.
        unsafe { bpf_loop(turns.set_more.min(MOST_POLLED) as u32, look_at_polled as *mut c_void, context, 0) };
    } else {
        walk.address = turns.set_more;
        // SAFETY: likewise.
        unsafe { bpf_loop(turns.set.min(FD_SETSIZE) as u32, look_at_selected as *mut c_void, context, 0) };
    }
    if walk.sockets as u32 > turns.sockets {
        turns.sockets = walk.sockets as u32;
    }
    turns.listens |= walk.listens as u32;
    0
}

/// Looks at one entry of an array of `struct pollfd`; returns 1 when enough is known.
#[inline(never)]
unsafe extern "C" fn look_at_polled(index: u64, walk: *mut Walk) -> i64 {
    // SAFETY: the kernel hands the context on, which is live.
    let walk = unsafe { &mut *walk };
    match read_user::<i32>(walk.address + index * 8) {
        Some(descriptor) if descriptor >= 0 => count(walk, descriptor as u64),
        _ => 0,
    }
}

/// Looks at one bit of an `fd_set`; returns 1 when enough is known.
#[inline(never)]
unsafe extern "C" fn look_at_selected(index: u64, walk: *mut Walk) -> i64 {
    // SAFETY: likewise.
    let walk = unsafe { &mut *walk };
    let bit = index % 64;
    if bit == 0 {
        walk.word = read_user(walk.address + index / 8).unwrap_or(0);
    }
    if walk.word >> bit & 1 == 1 { count(walk, index) } else { 0 }
}

/// Counts a descriptor, if it is a socket; returns 1 when enough is known.
#[inline(always)]
fn count(walk: &mut Walk, descriptor: u64) -> i64 {
    if let Some(sock) = file::behind(Task::current(), descriptor).and_then(socket::of) {
        walk.sockets += 1;
        if socket::listens(sock) == Some(true) {
            walk.listens = 1;
        }
    }
    i64::from(walk.sockets >= LEAST_SOCKETS.into() || walk.listens != 0)
}

#[inline(always)]
fn read_user<T>(address: u64) -> Option<T> {
    // SAFETY: a guarded copy from user memory; a bad address is an error.
    unsafe { bpf_probe_read_user(address as *const T) }.ok()
}
