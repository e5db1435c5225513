//! What user space tells the kernel half before it loads: read-only globals, so that the verifier sees
//! constants and removes what a run does not need.

use bytemuck::{Pod, Zeroable};

use crate::{
    syscall::Syscall,
    targets::{CGROUPS, Cgroup},
};

/// Fixed for the life of a measurement. Lives in `.rodata` under the name `CONFIG`.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Config {
    /// A call of at least this many ns is slow.
    pub threshold_ns: u64,
    /// Inode of tracer's pid namespace, whose ids are used; 0: it is the first one, whose ids the kernel itself uses.
    pub pid_namespace: u64,
    /// The cgroups whose members are measured; unused ones are 0.
    pub cgroups: [Cgroup; CGROUPS],
    /// 0: one process or thread is measured; else who is: a sum of constants of [`targets`](crate::targets).
    pub targets: u32,
    /// Threads of this process are traced; 0: any process. Used if `targets` is 0.
    pub target_pid: u32,
    /// This thread alone is traced; 0: any thread. Used likewise.
    pub target_tid: u32,
    /// tracer's own process.
    pub tracer_pid: u32,
    /// How many of `cgroups` are used.
    pub cgroup_count: u32,
    /// How many automata for names there are.
    pub glob_tables: u32,
    /// Number of thread slots less one; a power of two less one.
    pub slot_mask: u32,
    /// Number of records for turns less one; a power of two less one.
    pub turn_mask: u32,
    /// The bit `in_iowait` within the byte at `Offsets::task_in_iowait`.
    pub in_iowait_mask: u32,
    /// The page flag that marks a large folio, as a bit number (`PG_head`).
    pub page_head_bit: u32,
    /// Where a thread's registers at the entry to the kernel are within its stack there.
    pub registers_in_stack: u32,
    /// Which parts of a slow call's record this kernel's structures allow: a sum of `CULPRIT_…`.
    pub culprits: u32,
    /// 1: this kernel's structures allow to look at what an epoll instance watches, and to count the connections behind
    /// a disk-blocked call.
    pub behind: u32,
    /// 1: memory may be read where the verifier knows no types.
    pub guarded_reads: u32,
    /// 1: stacks are wanted.
    pub stacks: u32,
    /// How many of the system calls are traced.
    pub rows: u32,
    /// Number of records of calls less one, a power of two less one; 0: each slot has one record of its own, at its index.
    pub record_mask: u32,
    /// Number of entries of the table of files less two, a power of two less one; 0: files are not told apart.
    pub file_mask: u32,
    /// By [`Syscall`]: which row of the tables is its own; [`NOT_TRACED`]: none.
    pub row_of: [u8; Syscall::COUNT as usize],
}

/// [`Config::row_of`] of a system call that is not traced.
pub const NOT_TRACED: u8 = u8::MAX;

/// [`Config::culprits`]: the record itself, with the file's inode and the class of the out descriptor.
pub const CULPRIT_RECORD: u32 = 1;
/// [`Config::culprits`]: the file's path.
pub const CULPRIT_PATH: u32 = 2;
/// [`Config::culprits`]: the address of an IP peer.
pub const CULPRIT_INET: u32 = 4;
/// [`Config::culprits`]: the address of a unix peer.
pub const CULPRIT_UNIX: u32 = 8;

/// [`Config::culprits`]: the path of a file that is known by its inode alone.
pub const CULPRIT_ALIAS: u32 = 16;

impl Config {
    /// What the object holds until user space fills it in.
    pub const ZERO: Self = Self {
        threshold_ns: 0,
        pid_namespace: 0,
        cgroups: [Cgroup { id: 0, place: 0, through_subsystem: 0 }; CGROUPS],
        targets: 0,
        target_pid: 0,
        target_tid: 0,
        tracer_pid: 0,
        cgroup_count: 0,
        glob_tables: 0,
        slot_mask: 0,
        turn_mask: 0,
        in_iowait_mask: 0,
        page_head_bit: 0,
        registers_in_stack: 0,
        culprits: 0,
        behind: 0,
        guarded_reads: 0,
        stacks: 0,
        rows: 0,
        record_mask: 0,
        file_mask: 0,
        row_of: [NOT_TRACED; Syscall::COUNT as usize],
    };
}

/// Name of the [`Config`] symbol in the object.
pub const CONFIG_SYMBOL: &str = "CONFIG";

/// How many programs walk through epoll instances.
pub const WALKERS: u32 = 2;

/// How far a thread may be moved from its home slot before it is dropped and counted as lost.
pub const PROBE_LIMIT: u32 = 16;
