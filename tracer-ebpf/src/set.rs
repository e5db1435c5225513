//! What a thread waits on: several connections, or one that takes new ones? On rare paths only.

use core::ffi::c_void;

use aya_ebpf::helpers::{bpf_probe_read_user, generated::bpf_loop};
use tracer_common::{
    records::ThreadSlot,
    syscall::readiness::{self, Readiness},
    turns::{LEAST_SOCKETS, Turns},
};

use crate::{
    file,
    globals::global,
    maps::{self, Walker},
    ready::SETTLED,
    slots::{self, Slot},
    socket,
    task::Task,
};

/// Most descriptors of an array that are looked at.
const MOST_POLLED: u64 = 64;

/// Bits of an `fd_set`.
const FD_SETSIZE: u64 = 1024;

/// A thread that has not made so many turns is looked at in each …
const FIRST_TURNS: u64 = 256;

/// … and then in one of so many.
const ONE_TURN_OF: u64 = 16;

/// Most files of an epoll instance that are looked at.
const MOST_WATCHED: u32 = 64;

/// What a look finds, and what it looks at.
struct Found {
    /// The array, or the bits.
    address: u64,
    /// The word of bits that is looked at.
    word: u64,
    sockets: u64,
    listens: u64,
    /// Descriptor and open file of a socket that was seen, now or before.
    descriptor: u64,
    file: u64,
}

/// Looks at the set that the current thread waits on, if that is worth it.
#[inline(always)]
pub fn look(thread: &ThreadSlot) {
    if is_worth_it(thread) {
        look_at_set();
    }
}

/// The same while the thread falls asleep, for what it selects alone: that is overwritten when it wakes up. The context
/// switch is no place for what takes longer.
#[inline(always)]
pub fn look_asleep(thread: &ThreadSlot) {
    if readiness::kind_of(thread.turns.syscall_number.into()) == Some(Readiness::Select) && is_worth_it(thread) {
        look_at_set();
    }
}

/// Forgets what was seen of a set, now that the thread waits on another one.
#[inline(always)]
pub fn forget(turns: &mut Turns) {
    turns.sockets = 0;
    turns.listens = 0;
    turns.looked = 0;
    turns.socket_fd = 0;
    turns.socket_file = 0;
}

#[inline(always)]
fn is_worth_it(thread: &ThreadSlot) -> bool {
    let turns = &thread.turns;
    turns.sockets < LEAST_SOCKETS
        && turns.listens == 0
        && (turns.turns < FIRST_TURNS || turns.lead < SETTLED || turns.turns.is_multiple_of(ONE_TURN_OF))
        && global!(CONFIG.behind) != 0
}

/// Global linkage: see [`slots`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn look_at_set() -> u64 {
    let task = Task::current();
    let Some(Slot { thread, .. }) = slots::find(task) else { return 0 };
    let turns = &mut thread.turns;
    let mut found = Found {
        address: turns.set,
        word: 0,
        sockets: turns.sockets.into(),
        listens: 0,
        descriptor: turns.socket_fd.into(),
        file: turns.socket_file,
    };
    let context = (&raw mut found).cast();
    let (times, callback) = match readiness::kind_of(turns.syscall_number.into()) {
        Some(Readiness::Poll) => (turns.set_more.min(MOST_POLLED) as u32, look_at_polled as *mut c_void),
        Some(Readiness::Select) => {
            found.address = turns.set_more;
            (turns.set.min(FD_SETSIZE) as u32, look_at_selected as *mut c_void)
        }
        Some(Readiness::Epoll) => {
            if maps::walk(Walker::Set).and_then(|walk| walk.begin(task, turns.set)).is_none() {
                return 0;
            }
            (MOST_WATCHED, look_at_watched as *mut c_void)
        }
        _ => return 0,
    };
    // SAFETY: each callback is a function of this object that fits, its context lives until after the call.
    unsafe { bpf_loop(times, callback, context, 0) };
    turns.sockets = found.sockets as u8;
    turns.listens |= found.listens as u8;
    turns.socket_fd = found.descriptor as u32;
    turns.socket_file = found.file;
    turns.looked = 1;
    0
}

/// Looks at one file of an epoll instance; returns 1 when enough is known.
#[inline(never)]
unsafe extern "C" fn look_at_watched(_: u64, found: *mut Found) -> i64 {
    // SAFETY: the kernel hands the context on, which is live.
    let found = unsafe { &mut *found };
    let Some(walk) = maps::walk(Walker::Set) else { return 1 };
    if walk.next().is_none() {
        return 1;
    }
    match walk.descriptor() {
        Some(descriptor) => count(found, walk.file(), descriptor.into()),
        None => 0,
    }
}

/// Looks at one entry of an array of `struct pollfd`; returns 1 when enough is known.
#[inline(never)]
unsafe extern "C" fn look_at_polled(index: u64, found: *mut Found) -> i64 {
    // SAFETY: likewise.
    let found = unsafe { &mut *found };
    match read_user::<i32>(found.address + index * 8) {
        Some(descriptor) if descriptor >= 0 => count_behind_descriptor(found, descriptor as u64),
        _ => 0,
    }
}

/// Looks at one bit of an `fd_set`; returns 1 when enough is known.
#[inline(never)]
unsafe extern "C" fn look_at_selected(index: u64, found: *mut Found) -> i64 {
    // SAFETY: likewise.
    let found = unsafe { &mut *found };
    let bit = index % 64;
    if bit == 0 {
        found.word = read_user(found.address + index / 8).unwrap_or(0);
    }
    if found.word >> bit & 1 == 1 { count_behind_descriptor(found, index) } else { 0 }
}

#[inline(always)]
fn count_behind_descriptor(found: &mut Found, descriptor: u64) -> i64 {
    file::behind(Task::current(), descriptor).map_or(0, |file| count(found, file, descriptor))
}

/// Counts a file, if it is a socket; returns 1 when enough is known.
///
/// A server may take a connection out of its set while it works on what that asked, as Kafka does: so a second one
/// counts if the first is still open, even if it is not in the set any more.
#[inline(always)]
fn count(found: &mut Found, file: u64, descriptor: u64) -> i64 {
    let Some(sock) = socket::of(file) else { return 0 };
    if socket::listens(sock) == Some(true) {
        found.listens = 1;
    }
    if file != found.file {
        if found.file != 0 && file::behind(Task::current(), found.descriptor) == Some(found.file) {
            found.sockets = LEAST_SOCKETS.into();
        } else {
            found.sockets = 1;
            found.file = file;
            found.descriptor = descriptor;
        }
    }
    i64::from(found.sockets >= LEAST_SOCKETS.into() || found.listens != 0)
}

#[inline(always)]
fn read_user<T>(address: u64) -> Option<T> {
    // SAFETY: a guarded copy from user memory; a bad address is an error.
    unsafe { bpf_probe_read_user(address as *const T) }.ok()
}
