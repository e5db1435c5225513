//! What a recording says of reads through the page cache.

use std::path::Path;

use serde::Deserialize;

/// What was read through the page cache.
#[derive(Clone, Debug, Deserialize)]
pub struct PageCache {
    /// In all.
    #[serde(flatten)]
    pub total: PagesRead,
    /// By thread.
    pub threads: Vec<ThreadPages>,
    /// By file.
    pub files: Vec<FilePages>,
}

/// Reads, and what of them was not in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct PagesRead {
    /// Calls that read a file and returned bytes.
    pub calls: u64,
    /// The bytes.
    pub bytes: u64,
    /// Pages of the returned ranges.
    pub pages: u64,
    /// Cold pages inside of them.
    pub cold_requested: u64,
    /// Cold pages outside of them.
    pub read_ahead: u64,
    /// Share of the returned ranges that was in memory.
    pub memory_share: Option<f64>,
    /// Calls past the page cache.
    pub direct_calls: u64,
    /// Their bytes.
    pub direct_bytes: u64,
    /// Page faults that brought pages in.
    pub faults: u64,
    /// The pages.
    pub fault_pages: u64,
}

/// What a thread read.
#[derive(Clone, Debug, Deserialize)]
pub struct ThreadPages {
    /// Thread id.
    pub tid: u32,
    /// What it read.
    #[serde(flatten)]
    pub read: PagesRead,
    /// Disk waits in calls that read.
    pub disk_waits: u64,
    /// Disk waits in page faults.
    pub fault_disk_waits: u64,
}

/// What was read of a file.
#[derive(Clone, Debug, Deserialize)]
pub struct FilePages {
    /// Its path.
    pub path: String,
    /// What was read of it.
    #[serde(flatten)]
    pub read: PagesRead,
    /// Disk-blocked calls that read it.
    pub disk_blocked: u64,
    /// Disk waits of page faults that brought its pages in.
    pub fault_disk_waits: u64,
    /// Their sum, ns.
    pub fault_disk_wait_ns: u64,
}

impl PageCache {
    /// The row of a file.
    ///
    /// # Panics
    /// If there is none, or more than one.
    #[must_use]
    pub fn file(&self, path: &Path) -> &FilePages {
        let rows = self.files.iter().filter(|file| Path::new(&file.path) == path).collect::<Vec<_>>();
        assert_eq!(rows.len(), 1, "rows of {}", path.display());
        rows[0]
    }

    /// The row of a thread.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn thread(&self, tid: u32) -> &ThreadPages {
        self.threads.iter().find(|thread| thread.tid == tid).expect("a thread that read")
    }
}
