//! Who is measured, where that is more than one process or one thread.

use bytemuck::{Pod, Zeroable};

/// [`Config::targets`](crate::config::Config::targets): the processes and threads in the map of targets.
pub const LISTED: u32 = 1;
/// … who is in a cgroup of [`Config::cgroups`](crate::config::Config::cgroups), or below.
pub const IN_CGROUP: u32 = 2;
/// … everybody but tracer itself and kernel threads.
pub const EVERYBODY: u32 = 4;
/// … the map of targets holds single threads too.
pub const THREADS: u32 = 8;
/// … children that a target forks are targets.
pub const FOLLOW: u32 = 16;

/// Most cgroups of one measurement.
pub const CGROUPS: usize = 8;

/// Levels below a target's cgroup that are looked at.
pub const CGROUP_DEPTH: usize = 32;

/// A cgroup whose members are measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Cgroup {
    /// Inode of its directory, which is the id of its `kernfs_node`.
    pub id: u64,
    /// Where a `css_set` keeps the pointer that leads to the task's cgroup in the same hierarchy, bytes.
    pub place: u32,
    /// 1: the pointer is to a `cgroup_subsys_state` (v1); 0: to the cgroup itself (v2).
    pub through_subsystem: u32,
}

/// A target, under its process id, or its thread id if it is [`A_THREAD`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TargetEntry {
    /// CLOCK_BOOTTIME at its start, ns: a reused id is another one. To a clock tick while it is [`EXPECTED`].
    pub start_boottime_ns: u64,
    /// CLOCK_MONOTONIC when it became a target, ns.
    pub joined_ns: u64,
    /// Why it is one: a sum of `GIVEN`, `A_THREAD`, `NAMED` and `FOLLOWED`.
    pub reasons: u32,
    /// [`EXPECTED`], [`BEFORE_EXEC`] or [`MEMBER`].
    pub state: u32,
}

/// [`TargetEntry::reasons`]: its process id was given.
pub const GIVEN: u32 = 1;
/// … its thread id was given: no other thread of the process is meant.
pub const A_THREAD: u32 = 2;
/// … its name matches.
pub const NAMED: u32 = 4;
/// … a target forked it.
pub const FOLLOWED: u32 = 8;
/// … it counts once it has called exec.
pub const AFTER_EXEC: u32 = 16;
/// Reasons that make all threads of a process targets.
pub const WHOLE_PROCESS: u32 = GIVEN | NAMED | FOLLOWED;

/// [`TargetEntry::state`]: user space has named it, and the kernel half has not met it yet.
pub const EXPECTED: u32 = 0;
/// … it has not called exec yet.
pub const BEFORE_EXEC: u32 = 1;
/// … it is a target.
pub const MEMBER: u32 = 2;

/// A process that is a target: written when it becomes one, when it calls exec, and when user space asks who is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TargetRecord {
    /// CLOCK_BOOTTIME at its start, ns.
    pub start_boottime_ns: u64,
    /// Process id.
    pub pid: u32,
    /// Number of its threads; 0: unknown.
    pub threads: u32,
    /// Its name, NUL-terminated.
    pub comm: [u8; 16],
}

/// How the map of targets has changed. A row for what walks through the tasks, and one for each CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TargetCounts {
    /// Entries that became members.
    pub joined: u64,
    /// Members that ended, or ceased to be targets.
    pub left: u64,
    /// Processes for which there was no room.
    pub no_room: u64,
    /// Records that found no room.
    pub unrecorded: u64,
}

/// Clock ticks in which /proc tells the start of a process, ns (`USER_HZ` is 100 on every Linux).
pub const TICK_NS: u64 = 10_000_000;
