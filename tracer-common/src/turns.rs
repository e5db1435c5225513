//! The turns of an event loop: from the return of a readiness wait to the start of the next one.

use bytemuck::{Pod, Zeroable};

use crate::{
    histogram::BUCKETS,
    records::{Extremes, ThreadKey, ThreadSlot},
    syscall::readiness::{self, Readiness},
};

/// What a thread waits for readiness on, and what it does between its waits.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Turns {
    /// CLOCK_MONOTONIC when the turn began that it is in; 0: it is in none.
    pub since_ns: u64,
    /// CLOCK_MONOTONIC when it fell asleep in the readiness wait that it is in; 0: it is in none.
    pub waiting_since_ns: u64,
    /// What it waits on: first argument of the readiness wait that it makes most.
    pub set: u64,
    /// Number of that system call; 0: none yet.
    pub syscall_number: u32,
    /// Index of its [`TurnStats`] plus 1; 0: none yet; all ones: there is no room.
    pub stats: u32,
    /// Returns of its readiness wait.
    pub turns: u64,
    /// Events that these returned.
    pub ready_events: u64,
    /// Sum of the turns that are over.
    pub busy_ns: u64,
    /// Sum of the time from falling asleep in a readiness wait to its return.
    pub waiting_ns: u64,
    /// Events that the turn began with.
    pub events: u64,
    /// Disk waits of the turn.
    pub disk_waits: u64,
    /// Their sum.
    pub disk_ns: u64,
    /// Second argument of the readiness wait.
    pub set_more: u64,
    /// Sleeps in its readiness wait.
    pub sleeps: u64,
    /// CLOCK_MONOTONIC at the first sign of a readiness wait; 0: there was none.
    pub first_ns: u64,
    /// By how many waits this one leads over others.
    pub lead: u32,
    /// Descriptor of one of the sockets.
    pub socket_fd: u32,
    /// Address of its open file; 0: none has been seen.
    pub socket_file: u64,
    /// Sockets in what it waits on, at least; [`LEAST_SOCKETS`] stands for any more.
    pub sockets: u16,
    /// 1: one of them takes connections.
    pub listens: u16,
    /// 1: what it waits on has been looked at.
    pub looked: u16,
    /// 1: the first sign was that it fell asleep; else that a wait returned.
    pub first_was_sleep: u16,
}

/// Fewer sockets than this hold no set of connections, unless the one listens.
pub const LEAST_SOCKETS: u16 = 2;

/// [`Turns::stats`] where there is no room.
pub const NO_ROOM: u32 = u32::MAX;

/// How long a thread's turns took.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TurnStats {
    /// Shortest and longest turn without a disk wait.
    pub in_memory: Extremes,
    /// Shortest and longest turn with one.
    pub on_disk: Extremes,
    /// The same turns less their disk waits.
    pub without_disk: Extremes,
    /// Sum of the disk waits in turns that are over.
    pub disk_ns: u64,
    /// The longest turn.
    pub worst: WorstTurn,
    /// Turns per latency bucket.
    pub buckets: [u32; BUCKETS],
    /// What is to be added to `buckets` to have the turns' latency without their disk waits.
    pub moved: [i32; BUCKETS],
}

/// The longest turn of a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct WorstTurn {
    /// CLOCK_MONOTONIC when it began.
    pub since_ns: u64,
    /// How long it was.
    pub latency_ns: u64,
    /// Its disk waits.
    pub disk_ns: u64,
    /// Their number.
    pub disk_waits: u64,
    /// Events that it began with.
    pub events: u64,
}

/// An epoll instance: a process, and its descriptor there.
pub type EpollInstance = (u32, u32);

/// A set of descriptors that a thread waits on for readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadySet {
    /// An epoll instance, which several threads may wait on.
    Epoll(EpollInstance),
    /// An io_uring, by process and descriptor; one that a thread has registered for itself also by its id.
    IoUring(u32, u64),
    /// What a thread hands to poll: an array, and its length.
    Poll(ThreadKey, u64, u64),
    /// What a thread hands to select: the number of descriptors, and the bits of those to be read from.
    Select(ThreadKey, u64, u64),
}

impl ReadySet {
    /// The set that the first two arguments of a readiness wait stand for.
    #[must_use]
    pub const fn of(key: ThreadKey, syscall_number: u64, first: u64, second: u64) -> Option<Self> {
        Some(match readiness::kind_of(syscall_number) {
            Some(Readiness::Epoll) => Self::Epoll((key.pid, first as u32)),
            Some(Readiness::IoUring) => Self::IoUring(key.pid, first),
            Some(Readiness::Poll) => Self::Poll(key, first, second),
            Some(Readiness::Select) => Self::Select(key, first, second),
            None => return None,
        })
    }

    /// What tells this set from others: threads share an instance, but never the arguments of a call of their own.
    #[must_use]
    pub const fn identity(self) -> Self {
        match self {
            Self::Poll(key, ..) => Self::Poll(key, 0, 0),
            Self::Select(key, ..) => Self::Select(key, 0, 0),
            shared => shared,
        }
    }
}

impl ThreadSlot {
    /// The set that it waits on most; `None` if it waits on none.
    #[must_use]
    pub const fn ready_set(&self) -> Option<ReadySet> {
        let turns = &self.turns;
        ReadySet::of(self.key, turns.syscall_number as u64, turns.set, turns.set_more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::size_of;

    #[test]
    fn turns_cost_a_loop_five_kilobytes() {
        assert!(size_of::<TurnStats>() < 5 * 1024);
        assert_eq!(size_of::<TurnStats>() % 8, 0);
    }

    #[test]
    fn a_set_is_told_by_the_call_that_waits_on_it() {
        let key = ThreadKey { start_boottime_ns: 1, pid: 2, tid: 3 };
        assert_eq!(ReadySet::of(key, 232, 7, 99), Some(ReadySet::Epoll((2, 7))));
        assert_eq!(ReadySet::of(key, 426, 7, 99), Some(ReadySet::IoUring(2, 7)));
        assert_eq!(ReadySet::of(key, 0, 7, 99), None);
        let [one, other] = [7, 8].map(|array| ReadySet::of(key, 7, array, 3).map(ReadySet::identity));
        assert_eq!(one, other);
    }
}
