//! What was read through the page cache: by thread, by file, and by page faults on mapped files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ThreadRef;

/// Bytes of a page, as recordings count pages.
pub const PAGE_BYTES: u64 = 4096;

/// The share of `pages` that was in memory, between 0 and 1; `None` if there were none.
#[must_use]
pub fn memory_share(cold_requested: u64, pages: u64) -> Option<f64> {
    (pages > 0).then(|| 1.0 - cold_requested.min(pages) as f64 / pages as f64)
}

/// What the target read through the page cache, in all traced calls and in its own page faults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PageCache {
    /// All threads and files together.
    #[serde(flatten)]
    pub total: PagesRead,
    /// By thread, the most cold pages first.
    pub threads: Vec<ThreadPages>,
    /// By file, the most cold pages first; what found no room is in a row `(other)`.
    pub files: Vec<FileUse>,
}

/// Reads, and what of them was not in memory. Pages are of 4 KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PagesRead {
    /// Calls that read a file and returned bytes.
    pub calls: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Pages that the returned ranges cover; those of direct I/O left out.
    pub pages: u64,
    /// Cold pages inside the returned ranges.
    pub cold_requested: u64,
    /// Cold pages outside of them.
    pub read_ahead: u64,
    /// Share of the returned ranges that was in memory; null if nothing was returned through the page cache.
    pub memory_share: Option<f64>,
    /// Calls that read past the page cache (`O_DIRECT`): no misses. They are in `calls`, not in `pages`.
    pub direct_calls: u64,
    /// Bytes that these returned.
    pub direct_bytes: u64,
    /// Page faults of the program itself on mapped files that brought pages in. A fault that waited for a page which
    /// another thread was reading is none of them; its wait is in `fault_disk_waits` of the thread.
    pub faults: u64,
    /// Pages that these brought in, read-ahead included.
    pub fault_pages: u64,
}

/// What one thread read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadPages {
    /// Which thread.
    #[serde(flatten)]
    pub thread: ThreadRef,
    /// What it read.
    #[serde(flatten)]
    pub read: PagesRead,
    /// Its disk waits in traced calls that read.
    pub disk_waits: u64,
    /// Their sum, ns.
    pub disk_wait_ns: u64,
    /// Its disk waits in page faults, whoever read the page.
    pub fault_disk_waits: u64,
    /// Their sum, ns.
    pub fault_disk_wait_ns: u64,
}

/// What was read of one file, by calls whether slow or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileUse {
    /// The host, as [`Run::hostname`](super::Run::hostname) has it; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Path in the target's mount namespace, `(inode N)` if it could not be told, or `(other)`.
    pub path: String,
    /// All but the last name of the path.
    pub directory: Option<String>,
    /// `major:minor` of its device.
    pub device: Option<String>,
    /// The device's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// Inode.
    pub inode: Option<u64>,
    /// What was read of it.
    #[serde(flatten)]
    pub read: PagesRead,
    /// Disk-blocked calls that read it.
    pub disk_blocked: u64,
    /// Their disk waits, ns.
    pub disk_wait_ns: u64,
    /// Disk waits of the page faults that brought its pages in.
    #[serde(default)]
    pub fault_disk_waits: u64,
    /// Their sum, ns.
    #[serde(default)]
    pub fault_disk_wait_ns: u64,
}
