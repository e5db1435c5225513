//! Readiness waits of an event loop, and the turns between them.
//!
//! A turn begins when a readiness wait returns, and ends when the thread falls asleep in the next one. Where that
//! finds events at once, it never sleeps: then its return ends the turn. So only returns are hooked; the context
//! switch, which is hooked anyway, tells the rest.

use aya_ebpf::bindings::BPF_NOEXIST;
use tracer_common::{
    config::PROBE_LIMIT,
    syscall::readiness::{self, Readiness},
    turns::{NO_ROOM, Turns},
};

use crate::{
    clock::{self, now_ns},
    globals::global,
    kernel::opaque,
    maps, set,
    slots::{self, Slot},
    task::{Registers, Task},
    wait, window,
};

/// The current thread returns from the readiness wait `number` with `result`.
#[inline(always)]
pub fn returned(number: u64, result: i64) {
    let task = Task::current();
    if !window::is_target(task) || !window::is_open() {
        return window::note_trial(task);
    }
    let registers = task.registers();
    if !waits(registers, number) {
        return;
    }
    let Some(Slot { index, thread }) = slots::find_or_claim(task) else {
        slots::count_dropped(task);
        return;
    };
    if !turns_on(&mut thread.turns, task, registers, number) {
        return;
    }
    let now_ns = now_ns();
    if cfg!(feature = "fault-turns-merged") && thread.turns.since_ns != 0 && thread.turns.waiting_since_ns == 0 {
        return;
    }
    let events = if result > 0 && number != readiness::IO_URING_ENTER { result as u32 } else { 0 };
    let turns = &mut thread.turns;
    let mut ended_ns = now_ns;
    if turns.waiting_since_ns != 0 {
        ended_ns = turns.waiting_since_ns.min(now_ns);
        turns.waiting_since_ns = 0;
        turns.waiting_ns += now_ns - ended_ns;
    }
    if turns.since_ns != 0 {
        end_turn(index, turns, ended_ns);
    } else if turns.first_ns == 0 {
        turns.first_ns = now_ns;
    }
    turns.turns += 1;
    turns.ready_events += u64::from(events);
    turns.events = events;
    turns.since_ns = now_ns;
    set::look(thread);
}

/// A thread falls asleep in the readiness wait `number`.
#[inline(always)]
pub fn falls_asleep(task: Task, registers: Registers, number: u64) {
    if !waits(registers, number) {
        return;
    }
    let Some(Slot { thread, .. }) = slots::find_or_claim(task) else {
        slots::count_dropped(task);
        return;
    };
    wait::made_up_for(thread);
    if !turns_on(&mut thread.turns, task, registers, number) {
        return;
    }
    let turns = &mut thread.turns;
    turns.sleeps += 1;
    if turns.waiting_since_ns == 0 {
        let now_ns = clock::at_switch_ns(task).max(turns.since_ns);
        turns.waiting_since_ns = now_ns;
        if turns.first_ns == 0 {
            turns.first_ns = now_ns;
            turns.first_was_sleep = 1;
        }
    }
    set::look_asleep(thread);
}

/// Whether the call waits at all: `io_uring_enter` may only submit.
#[inline(always)]
fn waits(registers: Registers, number: u64) -> bool {
    // `min_complete`
    number != readiness::IO_URING_ENTER || registers.third() as u32 > 0
}

/// `IORING_ENTER_REGISTERED_RING` (`include/uapi/linux/io_uring.h`): the ring is an index of the thread's own.
const REGISTERED_RING: u64 = 1 << 4;

/// What the readiness wait `number` is about: its first argument, made unique where each thread counts for itself.
#[inline(always)]
pub fn set_of(task: Task, registers: Registers, number: u64) -> u64 {
    let first = registers.first();
    if number == readiness::IO_URING_ENTER && registers.fourth() & REGISTERED_RING != 0 {
        return u64::from(task.tid()) << 32 | first;
    }
    first
}

/// Waits in a row after which a thread is taken to have settled on a set.
pub const SETTLED: u8 = 16;

/// Whether the thread's turns end with this wait. A thread may wait for readiness inside a turn as well: a resolver
/// polls its one socket, an event loop may hold another one. So the wait that it makes most is its own.
#[inline(always)]
fn turns_on(turns: &mut Turns, task: Task, registers: Registers, number: u64) -> bool {
    let set = set_of(task, registers, number);
    let own = u64::from(turns.syscall_number);
    if own == number && turns.set == set {
        if turns.lead < SETTLED {
            turns.lead += 1;
        }
        if readiness::kind_of(number).is_some_and(Readiness::has_two_arguments) {
            turns.set_more = registers.second();
        }
        return true;
    }
    let set_more = registers.second();
    let kinds = (readiness::kind_of(own), readiness::kind_of(number));
    let is_own = match kinds {
        (None, _) => true,
        (Some(Readiness::Epoll | Readiness::IoUring), Some(Readiness::Poll | Readiness::Select)) => false,
        // The array may be another one each time; that of a single descriptor is a wait inside a turn.
        (Some(Readiness::Poll), Some(Readiness::Poll)) => set_more > 1 || turns.set_more <= 1,
        (Some(Readiness::Select), Some(Readiness::Poll)) => set_more > 1,
        (Some(Readiness::Poll | Readiness::Select), _) => true,
        _ => turns.lead == 0,
    };
    if is_own {
        // An array may lie elsewhere each time, and hold the same.
        if kinds.0 != kinds.1 || !kinds.1.is_some_and(Readiness::has_two_arguments) {
            set::forget(turns);
        }
        turns.syscall_number = number as u32;
        turns.set = set;
        turns.set_more = set_more;
        turns.lead = 1;
    } else if turns.lead > 0 {
        turns.lead -= 1;
    }
    is_own
}

/// Ends the turn that the thread at `slot` is in, as of `end_ns`.
#[inline(always)]
fn end_turn(slot: u32, turns: &mut Turns, end_ns: u64) {
    if turns.stats == 0 {
        turns.stats = claim_turns(slot);
    }
    // [`NO_ROOM`] less 1 is no index, either.
    let stats = maps::turns(turns.stats.wrapping_sub(1));
    turns.end(end_ns, stats, opaque);
}

/// Marks a claim as one of a record of turns.
const TURNS: u32 = 1 << 31;

/// Takes a free record for the thread at `slot`; returns its index plus 1. Global linkage: see [`slots`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn claim_turns(slot: u32) -> u32 {
    for step in 0..PROBE_LIMIT {
        let index = (slot + step) & global!(CONFIG.turn_mask);
        if maps::CLAIMS.insert(TURNS | index, slot, u64::from(BPF_NOEXIST)).is_ok() {
            return index + 1;
        }
    }
    NO_ROOM
}
