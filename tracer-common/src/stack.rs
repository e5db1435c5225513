//! Stacks of disk waits and of slow calls: which they are, and what waited on them.
//!
//! A stack is kept once, in one of two maps of the kernel, and goes by its id there.

use bytemuck::{Pod, Zeroable};

use crate::records::ThreadKey;

/// The stack of a thread, in its two halves. Less than 0: there is none, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub struct StackIds {
    /// In the kernel.
    pub kernel: i32,
    /// In the program.
    pub user: i32,
}

impl StackIds {
    /// Of a sleep whose beginning was not seen.
    pub const UNSEEN: Self = Self { kernel: UNSEEN, user: UNSEEN };

    /// Whether a half of it found no room.
    #[inline(always)]
    #[must_use]
    pub const fn found_no_room(self) -> bool {
        is_no_room(self.kernel) || is_no_room(self.user)
    }
}

/// Marks the id of a stack that is in the second map.
///
/// The place of a stack follows from its hash, and one place holds one stack: the second map takes in what finds its
/// place in the first one taken.
pub const IN_SECOND_MAP: i32 = 1 << 30;

/// In place of an id: the thread was asleep before anybody looked.
pub const UNSEEN: i32 = i32::MIN;

/// In place of an id: both places are taken by other stacks (`-EEXIST`, `bpf_get_stackid` in bpf-helpers(7)).
pub const PLACE_TAKEN: i32 = -17;

/// In place of an id: the map is full (`-ENOMEM`).
pub const MAP_FULL: i32 = -12;

/// Whether the value in place of an id says that the stack found no room.
#[inline(always)]
#[must_use]
pub const fn is_no_room(id: i32) -> bool {
    id == PLACE_TAKEN || id == MAP_FULL
}

/// What is known of the stacks of a thread. One per slot.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct StackState {
    /// Where it left the CPU, while it sleeps.
    pub asleep: StackIds,
    /// Where the longest sleep of the call that it is in began: of those for the disk, if there are any.
    pub longest: StackIds,
    /// How long that sleep was, ns.
    pub longest_ns: u64,
    /// 1: it waited for the disk.
    pub longest_is_disk: u32,
    /// 1: the call has slept.
    pub has_slept: u32,
}

/// What disk waits are summed up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub struct StackKey {
    /// Who waited.
    pub thread: ThreadKey,
    /// Where.
    pub ids: StackIds,
    /// In which system call; −1: a page fault.
    pub syscall_number: i32,
    /// Keeps the layout free of padding.
    pub reserved: u32,
}

/// The disk waits of one thread on one stack in one system call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct StackSums {
    /// How many.
    pub disk_waits: u64,
    /// Their sum, less run-queue delay, ns.
    pub disk_ns: u64,
}
