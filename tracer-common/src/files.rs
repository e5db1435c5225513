//! What is known of each file that the target reads, where files are told apart.

use bytemuck::{Pod, Zeroable};

/// A file, and what calls and page faults made of it. Several CPUs add to it: so its sums are added to atomically.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct FileStats {
    /// Inode that owns the page cache; 0: the entry is free, or the one that takes what found no room.
    pub inode: u64,
    /// Its device, in the kernel's encoding.
    pub device: u32,
    /// 1: its path has been told.
    pub is_named: u32,
    /// Calls that read it and returned bytes.
    pub calls: u64,
    /// Bytes that these returned.
    pub bytes: u64,
    /// 4 KiB pages that the returned ranges cover, past the page cache ones left out.
    pub pages: u64,
    /// Cold pages inside the returned ranges.
    pub cold_requested: u64,
    /// Cold pages outside of them.
    pub read_ahead: u64,
    /// Disk-blocked calls.
    pub disk_blocked: u64,
    /// Their `disk` part, ns.
    pub disk_ns: u64,
    /// Calls that read past the page cache.
    pub direct_calls: u64,
    /// Bytes that these returned.
    pub direct_bytes: u64,
    /// Page faults that added pages.
    pub faults: u64,
    /// The pages.
    pub fault_pages: u64,
    /// Makes entries begin at cache lines.
    pub reserved: [u64; 3],
}

/// How far a file may be from its home in the table before it shares the entry for all others.
pub const FILE_PROBES: u32 = 16;

/// Where the search for a file begins, before the mask.
#[inline(always)]
#[must_use]
pub const fn home_of(device: u32, inode: u64) -> u32 {
    let mixed = (inode ^ ((device as u64) << 40)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 40) as u32
}
