//! What was read through the page cache, over several windows.

use std::cmp::Reverse;

use super::{
    row::{Row, add_fields, merged},
    rows::{ThreadKey, thread_key},
};
use crate::model::{FileUse, PageCache, PagesRead, ThreadPages, culprit::OTHER, memory_share};

/// Of all of them; only known where each tells files apart.
pub fn page_cache(all: Vec<Option<PageCache>>) -> Option<Option<PageCache>> {
    let Some(all) = all.into_iter().collect::<Option<Vec<PageCache>>>() else { return Some(None) };
    let mut total = PagesRead::default();
    all.iter().try_for_each(|one| add_pages(&mut total, &one.total))?;
    let (threads, files): (Vec<_>, Vec<_>) = all.into_iter().map(|one| (one.threads, one.files)).unzip();
    Some(Some(PageCache { total, threads: merged(threads)?, files: merged(files)? }))
}

fn add_pages(sum: &mut PagesRead, other: &PagesRead) -> Option<()> {
    add_fields!(sum, other; calls, bytes, pages, cold_requested, read_ahead, direct_calls, direct_bytes, faults,
        fault_pages);
    sum.memory_share = memory_share(sum.cold_requested, sum.pages);
    Some(())
}

fn worst(read: &PagesRead) -> (Reverse<u128>, Reverse<u64>) {
    let cold = [read.cold_requested, read.read_ahead, read.fault_pages];
    (Reverse(cold.into_iter().map(u128::from).sum()), Reverse(read.bytes))
}

impl Row for ThreadPages {
    type Key = ThreadKey;
    type Rank = (Reverse<u128>, Reverse<u64>);

    fn key(&self) -> Self::Key {
        thread_key(&self.thread)
    }

    fn rank(&self) -> Self::Rank {
        worst(&self.read)
    }

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; disk_waits, disk_wait_ns, fault_disk_waits, fault_disk_wait_ns);
        add_pages(&mut self.read, &other.read)
    }
}

impl Row for FileUse {
    type Key = (Option<String>, String, Option<String>, Option<u64>, Option<String>);
    type Rank = (bool, (Reverse<u128>, Reverse<u64>), String);

    fn key(&self) -> Self::Key {
        (self.hostname.clone(), self.path.clone(), self.device.clone(), self.inode, self.directory.clone())
    }

    fn rank(&self) -> Self::Rank {
        (self.path == OTHER, worst(&self.read), self.path.clone())
    }

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; disk_blocked, disk_wait_ns, fault_disk_waits, fault_disk_wait_ns);
        self.device_name = self.device_name.take().max(other.device_name);
        add_pages(&mut self.read, &other.read)
    }
}
