//! The lists of a recording: what tells their rows apart, and how they add up.

use std::cmp::Reverse;

use super::row::{Row, add_fields, greater_known, merge_known, merged};
use crate::model::{
    ByCause, ClientCalls, EventLoop, FileCalls, Histogram, InFlight, Pid, Process, ProcessCalls, SyscallWaits,
    ThreadCalls, ThreadRecord, ThreadRef, Tid, TimeNs, culprit::OTHER,
};

/// [`ThreadRef::identity`] to keep.
pub type ThreadKey = (Option<String>, Pid, Tid, u64);

pub fn thread_key(thread: &ThreadRef) -> ThreadKey {
    (thread.hostname.clone(), thread.pid, thread.tid, thread.start_time_ns)
}

impl Row for Process {
    type Key = (Option<String>, Pid, u64);
    type Rank = ();

    fn key(&self) -> Self::Key {
        (self.hostname.clone(), self.pid, self.start_time_ns)
    }

    fn rank(&self) {}

    fn add(&mut self, other: Self) -> Option<()> {
        // It may have executed another program meanwhile: either name is right.
        if (&self.comm, &self.command_line) < (&other.comm, &other.command_line) {
            *self = other;
        }
        Some(())
    }
}

impl Row for ProcessCalls {
    type Key = (Option<String>, Pid);
    type Rank = ();

    fn key(&self) -> Self::Key {
        (self.hostname.clone(), self.pid)
    }

    fn rank(&self) {}

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; calls, bytes, slow, disk_blocked, disk_wait_ns);
        Some(())
    }
}

impl Row for ThreadCalls {
    type Key = ThreadKey;
    type Rank = (Reverse<u64>, Reverse<u64>);

    fn key(&self) -> Self::Key {
        thread_key(&self.thread)
    }

    fn rank(&self) -> Self::Rank {
        (Reverse(self.disk_wait_ns), Reverse(self.latency.sum_ns()))
    }

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; calls, errors, bytes, slow, disk_blocked, disk_waits, disk_wait_ns;
            cold_requested, read_ahead);
        self.max_ns = self.max_ns.max(other.max_ns);
        self.latency = self.latency.plus(&other.latency)?;
        Some(())
    }
}

impl Row for FileCalls {
    type Key = (Option<String>, String, Option<String>, Option<u64>, Option<String>);
    type Rank = (bool, Reverse<u64>, Reverse<u64>, String);

    fn key(&self) -> Self::Key {
        (self.hostname.clone(), self.path.clone(), self.device.clone(), self.inode, self.directory.clone())
    }

    fn rank(&self) -> Self::Rank {
        (self.path == OTHER, Reverse(self.disk_wait_ns), Reverse(self.calls), self.path.clone())
    }

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; calls, bytes, disk_blocked, disk_wait_ns, cold_requested, read_ahead);
        self.device_name = self.device_name.take().max(other.device_name);
        // Of the calls whose range is known, as in a single recording.
        self.first_offset = [self.first_offset, other.first_offset].into_iter().flatten().min();
        self.last_offset = self.last_offset.max(other.last_offset);
        Some(())
    }
}

impl Row for ClientCalls {
    type Key = (Option<String>, String, Option<String>);
    type Rank = (bool, Reverse<u64>, Reverse<u64>, String);

    fn key(&self) -> Self::Key {
        (self.hostname.clone(), self.address.clone(), self.host.clone())
    }

    fn rank(&self) -> Self::Rank {
        (self.address == OTHER, Reverse(self.disk_wait_ns), Reverse(self.time_ns), self.address.clone())
    }

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; calls, bytes, disk_blocked, disk_wait_ns, time_ns);
        self.label = self.label.take().max(other.label);
        Some(())
    }
}

impl Row for SyscallWaits {
    type Key = String;
    type Rank = Reverse<u64>;

    fn key(&self) -> Self::Key {
        self.name.clone()
    }

    fn rank(&self) -> Self::Rank {
        Reverse(self.disk_wait_ns)
    }

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; disk_waits, disk_wait_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
        Some(())
    }
}

impl Row for ThreadRecord {
    type Key = ThreadKey;
    type Rank = Reverse<u64>;

    fn key(&self) -> Self::Key {
        thread_key(&self.thread)
    }

    fn rank(&self) -> Self::Rank {
        Reverse(self.disk_wait_ns)
    }

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; disk_waits, disk_wait_ns);
        self.disk_wait_max_ns = greater_known(self.disk_wait_max_ns, other.disk_wait_max_ns);
        merge_known(&mut self.by_syscall, other.by_syscall)?;
        // The longest of those that had not ended.
        let waits = [self.still_waiting.take(), other.still_waiting];
        self.still_waiting = waits.into_iter().flatten().max_by_key(|wait| (wait.since_ns, wait.name.clone()));
        Some(())
    }
}

impl Row for EventLoop {
    type Key = ThreadKey;
    type Rank = Reverse<u64>;

    fn key(&self) -> Self::Key {
        thread_key(&self.thread)
    }

    fn rank(&self) -> Self::Rank {
        Reverse(self.disk_wait_ns)
    }

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; disk_waits, disk_wait_ns;
            turns, ready_events, waiting_ns, busy_ns, behind, behind_capped);
        self.watched = self.watched.max(other.watched);
        self.behind_max = greater_known(self.behind_max, other.behind_max);
        let both = |one: Option<Histogram>, other: Option<Histogram>| match one.zip(other) {
            Some((one, other)) => one.plus(&other).map(Some),
            None => Some(None),
        };
        self.turn_latency = both(self.turn_latency.take(), other.turn_latency)?;
        self.turn_latency_without_disk = both(self.turn_latency_without_disk.take(), other.turn_latency_without_disk)?;
        let worst = [self.worst_turn.take(), other.worst_turn].into_iter().flatten();
        self.worst_turn = worst.max_by(|one, other| (one.ns, one).cmp(&(other.ns, other)));
        self.by_syscall = merged([std::mem::take(&mut self.by_syscall), other.by_syscall])?;
        Some(())
    }
}

/// Adds the four parts of a latency.
pub fn add_parts(parts: &mut TimeNs, other: TimeNs) -> Option<()> {
    add_fields!(parts, other; on_cpu, disk, runqueue, other);
    Some(())
}

/// Adds latencies by cause.
pub fn add_causes(causes: &mut ByCause, other: &ByCause) -> Option<()> {
    causes.on_cpu = causes.on_cpu.plus(&other.on_cpu)?;
    causes.disk = causes.disk.plus(&other.disk)?;
    causes.runqueue = causes.runqueue.plus(&other.runqueue)?;
    causes.other = causes.other.plus(&other.other)?;
    Some(())
}

/// Puts calls in flight in order: the longest first.
pub fn sort_in_flight(calls: &mut [InFlight]) {
    calls.sort_unstable();
    calls.sort_by_key(|call| call.since_ns.map_or((0, Reverse(0)), |since_ns| (1, Reverse(since_ns))));
}
