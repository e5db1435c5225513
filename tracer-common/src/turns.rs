//! The turns of an event loop: from the return of a readiness wait to the start of the next one.

use bytemuck::{Pod, Zeroable};

use crate::{
    histogram::{BUCKETS, bucket_of, forget},
    records::{Extremes, ThreadKey, ThreadSlot},
    syscall::readiness::{self, Readiness},
};

/// What a thread waits for readiness on, and what it does between its waits.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Turns {
    /// CLOCK_MONOTONIC when its latest turn began; 0: there was none.
    pub since_ns: u64,
    /// CLOCK_MONOTONIC when it fell asleep in the readiness wait that it is in, which ended the turn: that is added up
    /// when the wait returns. 0: it is in none.
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
    /// Sleeps in its readiness wait.
    pub sleeps: u64,
    /// Events that the turn began with.
    pub events: u32,
    /// By how many waits this one leads over others.
    pub lead: u8,
    /// Sockets in what it waits on, at least; [`LEAST_SOCKETS`] stands for any more.
    pub sockets: u8,
    /// 1: one of them takes connections.
    pub listens: u8,
    /// 1: the turn has a disk wait.
    pub has_disk_waits: u8,
    // From here on nothing belongs to the common turn.
    /// Disk waits of the turn.
    pub disk_waits: u64,
    /// Their sum.
    pub disk_ns: u64,
    /// Second argument of the readiness wait, where it tells sets apart: see [`Readiness::has_two_arguments`].
    pub set_more: u64,
    /// The turn's longest disk wait.
    pub longest: TurnWait,
    /// The latest disk wait that began in a turn.
    pub latest: TurnWait,
    /// CLOCK_MONOTONIC at the first sign of a readiness wait; 0: there was none.
    pub first_ns: u64,
    /// Address of the open file of one of the sockets; 0: none has been seen.
    pub socket_file: u64,
    /// Its descriptor.
    pub socket_fd: u32,
    /// Device of the file that was last named to user space, in the kernel's encoding.
    pub named_device: u32,
    /// Its inode; 0: none has been.
    pub named_inode: u64,
    /// 1: what it waits on has been looked at.
    pub looked: u16,
    /// 1: the first sign was that it fell asleep; else that a wait returned.
    pub first_was_sleep: u16,
    /// Keeps the layout free of padding.
    pub reserved: u32,
}

/// A disk wait of an event loop, and what it waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TurnWait {
    /// How long it was, less run-queue delay.
    pub wait_ns: u64,
    /// Inode that owns the page cache of the file; 0: no file is known. If `device` is [`BY_PATH`]: when the wait began,
    /// by which the record of its path is known ([`NAMES_WAIT`](crate::culprit::NAMES_WAIT)).
    pub inode: u64,
    /// Where the call began to read or write; all ones if unknown.
    pub offset_bytes: u64,
    /// Device of the file, in the kernel's encoding.
    pub device: u32,
    /// Number of the system call; −1: a page fault.
    pub number: i32,
}

/// [`TurnWait::device`] where no file is known, but the path that the call was given.
pub const BY_PATH: u32 = u32::MAX;

impl TurnWait {
    /// The id of the record that tells the path which the call was given; `None`: there is none.
    #[must_use]
    pub const fn given_path(&self) -> Option<u64> {
        if self.device == BY_PATH { Some(self.inode) } else { None }
    }
}

impl Turns {
    /// Ends the turn that the thread is in as of `end_ns`, and adds it to `stats`; `None`: there is no
    /// room. To the verifier, each index must go through `bound`.
    #[inline(always)]
    pub fn end(&mut self, end_ns: u64, stats: Option<&mut TurnStats>, bound: fn(usize) -> usize) {
        let latency_ns = end_ns - self.since_ns;
        self.busy_ns += latency_ns;
        if let Some(stats) = stats {
            stats.add(self, latency_ns, bound);
        }
        self.since_ns = 0;
        if self.has_disk_waits != 0 {
            self.has_disk_waits = 0;
            self.disk_waits = 0;
            self.disk_ns = 0;
            self.longest.wait_ns = 0;
        }
    }
}

/// Fewer sockets than this hold no set of connections, unless the one listens.
pub const LEAST_SOCKETS: u8 = 2;

/// [`Turns::stats`] where there is no room.
pub const NO_ROOM: u32 = u32::MAX;

/// How long a thread's turns took.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TurnStats {
    /// Shortest and longest turn without a disk wait.
    pub in_memory: Extremes,
    /// The longest turn.
    pub worst: WorstTurn,
    /// Shortest and longest turn with a disk wait.
    pub on_disk: Extremes,
    /// The same turns less their disk waits.
    pub without_disk: Extremes,
    /// Sum of the disk waits in turns that are over.
    pub disk_ns: u64,
    /// Turns per latency bucket.
    pub buckets: [u32; BUCKETS],
    /// What is to be added to `buckets` to have the turns' latency without their disk waits.
    pub moved: [i32; BUCKETS],
}

impl TurnStats {
    /// Adds the turn that the thread was in, which took `latency_ns`.
    #[inline(always)]
    fn add(&mut self, turns: &mut Turns, latency_ns: u64, bound: fn(usize) -> usize) {
        let Some(bucket) = self.buckets.get_mut(bound(bucket_of(latency_ns))) else { return };
        *bucket = bucket.saturating_add(1);
        if latency_ns > self.worst.latency_ns {
            self.worst = WorstTurn {
                since_ns: turns.since_ns,
                latency_ns,
                disk_ns: turns.disk_ns,
                disk_waits: turns.disk_waits,
                longest: turns.longest,
                events: turns.events.into(),
            };
        }
        if turns.has_disk_waits == 0 {
            self.in_memory.add(latency_ns);
        } else {
            // A wait that began before the turn, in a call from before the window, is no part of it.
            let disk_ns = turns.disk_ns.min(latency_ns);
            self.disk_ns += disk_ns;
            self.on_disk.add(latency_ns);
            self.without_disk.add(latency_ns - disk_ns);
            // What the turn waited is forgotten when it ends, anyway.
            self.move_by(latency_ns, disk_ns, &mut turns.disk_ns, bound);
        }
    }

    /// Notes where a turn of `latency_ns` stands without its `disk_ns`; what `place` holds is lost.
    #[inline(always)]
    fn move_by(&mut self, latency_ns: u64, disk_ns: u64, place: &mut u64, bound: fn(usize) -> usize) {
        let latency_ns = forget(place, latency_ns);
        if let Some(left) = self.moved.get_mut(bound(bucket_of(latency_ns))) {
            *left -= 1;
        }
        let rest_ns = forget(place, latency_ns - disk_ns);
        if let Some(entered) = self.moved.get_mut(bound(bucket_of(rest_ns))) {
            *entered += 1;
        }
    }
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
    /// The longest of them, if there is one.
    pub longest: TurnWait,
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
        assert_eq!(size_of::<TurnStats>() % 64, 0, "{} bytes", size_of::<TurnStats>());
    }

    #[test]
    fn a_turn_that_is_over_is_added_once_and_leaves_nothing_behind() {
        let (mut turns, mut stats) = (Turns::zeroed(), TurnStats::zeroed());
        let longest = TurnWait { wait_ns: 600, number: 17, ..TurnWait::default() };
        let mut turn = |since_ns, end_ns, disk_ns| {
            turns.since_ns = since_ns;
            if disk_ns > 0 {
                (turns.has_disk_waits, turns.disk_waits, turns.disk_ns, turns.longest) = (1, 2, disk_ns, longest);
            }
            turns.end(end_ns, Some(&mut stats), |index| index);
            (turns.since_ns, turns.busy_ns, turns.disk_waits, turns.disk_ns, turns.longest.wait_ns)
        };
        assert_eq!(turn(1_000, 1_100, 0), (0, 100, 0, 0, 0));
        assert_eq!(turn(2_000, 3_000, 900), (0, 1_100, 0, 0, 0));
        assert_eq!((stats.worst.latency_ns, stats.worst.disk_waits, stats.worst.longest), (1_000, 2, longest));
        assert_eq!((stats.buckets[bucket_of(100)], stats.buckets[bucket_of(1_000)]), (1, 1));
        assert_eq!((stats.moved[bucket_of(1_000)], stats.moved[bucket_of(100)]), (-1, 1));
        assert_eq!((stats.in_memory.range_ns(), stats.disk_ns), (Some((100, 100)), 900));
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
