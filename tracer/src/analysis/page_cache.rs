//! What was read through the page cache, by thread and by file.

use std::{cmp::Reverse, ops::AddAssign};

use tracer_common::{files::FileStats, records::CallStats};

use super::{
    culprits::{device, directory, path},
    roles::Roles,
    waits,
};
use crate::{
    model::{FileUse, PAGE_FAULT, PageCache, PagesRead, ThreadPages, culprit::OTHER, memory_share},
    snapshot::{FileRef, Snapshot, ThreadData},
};

/// What was read; `None` where files were not told apart.
pub fn record(snapshot: &Snapshot, roles: &Roles) -> Option<PageCache> {
    let read = snapshot.files.as_ref()?;
    let mut files: Vec<_> = read.files.iter().map(|(file, stats)| file_use(file, stats)).collect();
    files.sort_by(|one, other| {
        let worst = |row: &FileUse| (Reverse(cold_pages(&row.read)), Reverse(row.read.bytes));
        worst(one).cmp(&worst(other)).then_with(|| one.path.cmp(&other.path))
    });
    if read.rest != FileStats::default() {
        files.push(FileUse { path: OTHER.into(), ..unnamed(&read.rest) });
    }
    let total = Sums::of(files.iter().map(|row| &row.read)).read();
    let mut threads: Vec<_> =
        snapshot.threads.iter().map(|thread| thread_pages(thread, roles)).filter(took_part).collect();
    threads.sort_by_key(|row| (Reverse(cold_pages(&row.read)), Reverse(row.read.bytes), row.thread.tid));
    Some(PageCache { total, threads, files })
}

fn took_part(row: &ThreadPages) -> bool {
    row.read.calls + row.read.faults + row.fault_disk_waits + row.disk_waits > 0
}

fn cold_pages(read: &PagesRead) -> u64 {
    read.cold_requested + read.read_ahead + read.fault_pages
}

fn file_use(file: &FileRef, stats: &FileStats) -> FileUse {
    FileUse {
        hostname: None,
        path: path(file),
        directory: file.path.as_deref().map(directory),
        device: Some(device(file)),
        device_name: file.device_name.clone(),
        inode: Some(file.inode),
        ..unnamed(stats)
    }
}

fn unnamed(stats: &FileStats) -> FileUse {
    FileUse {
        hostname: None,
        path: String::new(),
        directory: None,
        device: None,
        device_name: None,
        inode: None,
        read: pages_of_file(stats),
        disk_blocked: stats.disk_blocked,
        disk_wait_ns: stats.disk_ns,
        fault_disk_waits: stats.fault_disk_waits,
        fault_disk_wait_ns: stats.fault_disk_ns,
    }
}

fn pages_of_file(stats: &FileStats) -> PagesRead {
    let mut sums = Sums::default();
    sums += &PagesRead {
        calls: stats.calls,
        bytes: stats.bytes,
        pages: stats.pages,
        cold_requested: stats.cold_requested,
        read_ahead: stats.read_ahead,
        memory_share: None,
        direct_calls: stats.direct_calls,
        direct_bytes: stats.direct_bytes,
        faults: stats.faults,
        fault_pages: stats.fault_pages,
    };
    sums.read()
}

fn thread_pages(thread: &ThreadData, roles: &Roles) -> ThreadPages {
    let calls = || thread.calls.iter().flatten();
    let sum = |figure: fn(&CallStats) -> u64| calls().map(|calls| figure(calls)).sum();
    let faults = &thread.slot.faults;
    let mut sums = Sums::default();
    sums += &PagesRead {
        calls: sum(|calls| calls.file_calls),
        bytes: sum(|calls| calls.file_bytes),
        pages: sum(|calls| calls.pages),
        cold_requested: sum(|calls| calls.cold_requested),
        read_ahead: sum(|calls| calls.read_ahead),
        memory_share: None,
        direct_calls: sum(|calls| calls.direct_calls),
        direct_bytes: sum(|calls| calls.direct_bytes),
        faults: faults.faults,
        fault_pages: faults.cold_pages,
    };
    let waits = waits::by_syscall(&thread.slot);
    let in_faults = waits.iter().find(|row| row.name == PAGE_FAULT);
    ThreadPages {
        thread: roles.thread_ref(thread),
        read: sums.read(),
        disk_waits: sum(|calls| calls.disk_waits),
        disk_wait_ns: sum(|calls| calls.disk_ns),
        fault_disk_waits: in_faults.map_or(0, |row| row.disk_waits),
        fault_disk_wait_ns: in_faults.map_or(0, |row| row.disk_wait_ns),
    }
}

/// A sum of reads; its share of memory comes last.
#[derive(Default)]
struct Sums(PagesRead);

impl Sums {
    fn of<'a>(rows: impl Iterator<Item = &'a PagesRead>) -> Self {
        let mut sums = Self::default();
        rows.for_each(|row| sums += row);
        sums
    }

    /// The sum, with its share of memory.
    fn read(self) -> PagesRead {
        let PagesRead { cold_requested, pages, .. } = self.0;
        PagesRead { memory_share: memory_share(cold_requested, pages), ..self.0 }
    }
}

impl AddAssign<&PagesRead> for Sums {
    fn add_assign(&mut self, other: &PagesRead) {
        let sum = &mut self.0;
        sum.calls += other.calls;
        sum.bytes += other.bytes;
        sum.pages += other.pages;
        sum.cold_requested += other.cold_requested;
        sum.read_ahead += other.read_ahead;
        sum.direct_calls += other.direct_calls;
        sum.direct_bytes += other.direct_bytes;
        sum.faults += other.faults;
        sum.fault_pages += other.fault_pages;
    }
}
