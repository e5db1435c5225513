//! What a thread waits on: several connections, or one that takes new ones? On rare paths only.

use aya_ebpf::helpers::bpf_probe_read_user;
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
    repeat::{Next, repeat, step},
    slots::{self, Slot},
    socket,
    task::Task,
};

/// Most descriptors of an array that are looked at.
const MOST_POLLED: u32 = 64;

/// Bits of an `fd_set`.
const FD_SETSIZE: u32 = 1024;

/// A thread that has not made so many turns is looked at in each …
const FIRST_TURNS: u64 = 256;

/// … and then in one of so many.
const ONE_TURN_OF: u64 = 16;

/// Most files of an epoll instance that are looked at.
const MOST_WATCHED: u32 = 64;

/// What a look finds, and what it looks at. It lives in a map.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Found {
    /// The array, or the bits.
    address: u64,
    /// How many there are.
    descriptors: u64,
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
    let Some(found) = maps::found() else { return 0 };
    *found = Found {
        address: turns.set,
        descriptors: turns.set_more,
        word: 0,
        sockets: turns.sockets.into(),
        listens: 0,
        descriptor: turns.socket_fd.into(),
        file: turns.socket_file,
    };
    match readiness::kind_of(turns.syscall_number.into()) {
        Some(Readiness::Poll) => repeat!(look_at_polled, at most MOST_POLLED),
        Some(Readiness::Select) => {
            found.address = turns.set_more;
            found.descriptors = turns.set;
            repeat!(look_at_selected, at most FD_SETSIZE);
        }
        Some(Readiness::Epoll) => {
            if maps::walk(Walker::Set).and_then(|walk| walk.begin(turns.set)).is_none() {
                return 0;
            }
            repeat!(look_at_watched, at most MOST_WATCHED);
        }
        _ => return 0,
    }
    turns.sockets = found.sockets as u8;
    turns.listens |= found.listens as u8;
    turns.socket_fd = found.descriptor as u32;
    turns.socket_file = found.file;
    turns.looked = 1;
    0
}

step! {
    /// Looks at one file of an epoll instance.
    fn look_at_watched(_index) {
        let (Some(walk), Some(found)) = (maps::walk(Walker::Set), maps::found()) else { return Next::End };
        if walk.next().is_none() {
            return Next::End;
        }
        match walk.descriptor() {
            Some(descriptor) => count(found, walk.file(), descriptor.into()),
            None => Next::Step,
        }
    }
}

step! {
    /// Looks at one entry of an array of `struct pollfd`.
    fn look_at_polled(index) {
        let Some(found) = maps::found() else { return Next::End };
        if index >= found.descriptors {
            return Next::End;
        }
        match read_user::<i32>(found.address + index * 8) {
            Some(descriptor) if descriptor >= 0 => count_behind_descriptor(found, descriptor as u64),
            _ => Next::Step,
        }
    }
}

step! {
    /// Looks at one bit of an `fd_set`.
    fn look_at_selected(index) {
        let Some(found) = maps::found() else { return Next::End };
        if index >= found.descriptors {
            return Next::End;
        }
        let bit = index % 64;
        if bit == 0 {
            found.word = read_user(found.address + index / 8).unwrap_or(0);
        }
        if found.word >> bit & 1 == 1 { count_behind_descriptor(found, index) } else { Next::Step }
    }
}

#[inline(always)]
fn count_behind_descriptor(found: &mut Found, descriptor: u64) -> Next {
    file::behind(descriptor).map_or(Next::Step, |file| count(found, file, descriptor))
}

/// Counts a file, if it is a socket, until enough is known.
///
/// A server may take a connection out of its set while it works on what that asked, as Kafka does: so a second one
/// counts if the first is still open, even if it is not in the set any more.
#[inline(always)]
fn count(found: &mut Found, file: u64, descriptor: u64) -> Next {
    let Some(sock) = socket::of(file) else { return Next::Step };
    if socket::listens(sock) == Some(true) {
        found.listens = 1;
    }
    if file != found.file {
        if found.file != 0 && file::behind(found.descriptor) == Some(found.file) {
            found.sockets = LEAST_SOCKETS.into();
        } else {
            found.sockets = 1;
            found.file = file;
            found.descriptor = descriptor;
        }
    }
    if found.sockets >= LEAST_SOCKETS.into() || found.listens != 0 { Next::End } else { Next::Step }
}

#[inline(always)]
fn read_user<T>(address: u64) -> Option<T> {
    // SAFETY: a guarded copy from user memory; a bad address is an error.
    unsafe { bpf_probe_read_user(address as *const T) }.ok()
}
