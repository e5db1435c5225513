//! What is told of a slow or disk-blocked call: who made it, on which file, for whom. One record each,
//! through the ring buffer.

use core::ops::AddAssign;

use bytemuck::{Pod, Zeroable};

use crate::{records::ThreadKey, stack::StackIds};

/// A call of at least the threshold, or with a disk wait. `path_bytes` bytes of the path follow.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct SlowCall {
    /// Who made it.
    pub key: ThreadKey,
    /// Name of the thread, NUL-terminated.
    pub comm: [u8; 16],
    /// CLOCK_MONOTONIC at its entry.
    pub since_ns: u64,
    /// From entry to return.
    pub latency_ns: u64,
    /// The `disk` part.
    pub disk_ns: u64,
    /// The `runqueue` part.
    pub runqueue_ns: u64,
    /// The `other` part.
    pub other_ns: u64,
    /// Bytes, or −errno.
    pub result: i64,
    /// Cold pages inside the returned range.
    pub cold_requested: u64,
    /// Cold pages outside of it.
    pub read_ahead: u64,
    /// Inode that owns the page cache of the file; 0 if there is none.
    pub inode: u64,
    /// First byte read; all ones if unknown.
    pub offset_bytes: u64,
    /// Device of the file, in the kernel's encoding.
    pub device: u32,
    /// Index of the [`Syscall`](crate::syscall::Syscall).
    pub syscall: u32,
    /// Its disk waits.
    pub disk_waits: u32,
    /// What is known about the path: a sum of `PATH_…`.
    pub path_flags: u32,
    /// Length of the path that follows: names from the file up to the root, each ended by NUL.
    pub path_bytes: u32,
    /// An [`OutClass`].
    pub out: u32,
    /// Address family of the peer (`AF_…`); 0 if there is none, or if it is not known.
    pub peer_family: u16,
    /// Port of an IP peer, in network order.
    pub peer_port: u16,
    /// Length of a unix peer's name.
    pub peer_bytes: u32,
    /// Connections that were waiting when it returned; [`NOT_COUNTED`] if they were not counted.
    pub behind: u32,
    /// Keeps the layout free of padding.
    pub reserved: u32,
    /// Where it slept longest, or where it returned if it never slept.
    pub stack: StackIds,
    /// Address of the peer: 4 bytes, 16 bytes, or a unix name.
    pub peer: [u8; PEER_BYTES],
}

/// Room for a peer's address: a `sockaddr_un`'s path is the longest.
pub const PEER_BYTES: usize = 112;

/// [`SlowCall::behind`] where connections were not counted.
pub const NOT_COUNTED: u32 = u32::MAX;

/// [`SlowCall::syscall`] of a record that tells nothing but the path of a file.
pub const NAMES_FILE: u32 = u32::MAX;

/// [`SlowCall::syscall`] of a record that tells nothing but the path that a call was given, as the program wrote it; which
/// call, its thread and `since_ns` say: when the disk wait began.
pub const NAMES_WAIT: u32 = u32::MAX - 1;

/// [`SlowCall::offset_bytes`] where it is not known.
pub const OFFSET_UNKNOWN: u64 = u64::MAX;

/// [`SlowCall::path_flags`]: the file has been deleted.
pub const PATH_DELETED: u32 = 1;
/// [`SlowCall::path_flags`]: directories are missing at the front.
pub const PATH_CUT: u32 = 2;
/// [`SlowCall::path_flags`]: the path begins at the root of the file system, wherever that is mounted.
pub const PATH_IN_FILE_SYSTEM: u32 = 4;

/// Most names of a path that are told, mounts crossed on the way included.
pub const PATH_NAMES: u32 = 32;

/// Room for a name, with its NUL (`NAME_MAX` is 255).
pub const NAME_BYTES: usize = 256;

/// From this length on a path takes no further name; a power of two.
pub const PATH_BYTES: usize = 1024;

/// Where a call's bytes went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum OutClass {
    /// Anything else, or not known.
    #[default]
    Other = 0,
    /// A socket.
    Socket = 1,
    /// `/dev/null`.
    Null = 2,
    /// A pipe.
    Pipe = 3,
    /// A regular file.
    File = 4,
}

impl OutClass {
    /// The class behind a record's `out`.
    #[must_use]
    pub const fn from_index(index: u32) -> Self {
        match index {
            1 => Self::Socket,
            2 => Self::Null,
            3 => Self::Pipe,
            4 => Self::File,
            _ => Self::Other,
        }
    }
}

/// A record on its way: too large for the stack.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct SlowCallBuffer {
    /// The record.
    pub call: SlowCall,
    /// The path, and room for its last name.
    pub path: [u8; PATH_BYTES + NAME_BYTES],
}

/// How fast a CPU may send records. One per CPU.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct SendBudget {
    /// CLOCK_MONOTONIC in units of [`BUDGET_NS`] when the budget was last filled.
    pub filled_at: u64,
    /// Records that may still be sent.
    pub left: u64,
}

/// How often a CPU's budget is filled.
pub const BUDGET_NS: u64 = 100_000_000;

/// Records that a CPU may send between two fillings: at 2 µs each, 1 % of its time.
pub const BUDGET_RECORDS: u64 = 500;

/// Sums over slow and disk-blocked calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct CallSums {
    /// Calls.
    pub calls: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Those that were disk-blocked.
    pub disk_blocked: u64,
    /// Their `disk` part, ns.
    pub disk_ns: u64,
    /// Their latency, ns.
    pub latency_ns: u64,
    /// Their cold pages inside the returned ranges.
    pub cold_requested: u64,
    /// Their cold pages outside of them.
    pub read_ahead: u64,
}

impl CallSums {
    /// Takes one more call in.
    #[inline(always)]
    pub const fn add_call(&mut self, call: &SlowCall) {
        self.calls += 1;
        if call.result > 0 {
            self.bytes += call.result as u64;
        }
        if call.disk_waits > 0 {
            self.disk_blocked += 1;
            self.disk_ns += call.disk_ns;
        }
        self.latency_ns += call.latency_ns;
        self.cold_requested += call.cold_requested;
        self.read_ahead += call.read_ahead;
    }
}

impl AddAssign for CallSums {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.bytes += other.bytes;
        self.disk_blocked += other.disk_blocked;
        self.disk_ns += other.disk_ns;
        self.latency_ns += other.latency_ns;
        self.cold_requested += other.cold_requested;
        self.read_ahead += other.read_ahead;
    }
}
