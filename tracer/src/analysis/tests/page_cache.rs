//! What was read through the page cache.

use tracer_common::{
    files::FileStats,
    records::{Faults, WaitPlace},
};

use super::*;
use crate::{
    model::{PageCache, culprit::OTHER},
    snapshot::FilesRead,
};

fn file(inode: u64, path: Option<&str>) -> FileRef {
    FileRef { path: path.map(Into::into), device: (8, 1), device_name: Some("sda1".into()), inode }
}

fn page_cache(files: Vec<(FileRef, FileStats)>, rest: FileStats, threads: Vec<ThreadData>) -> PageCache {
    let mut all = snapshot(threads);
    all.files = Some(FilesRead { files, rest });
    recording(&all).page_cache.unwrap()
}

fn read(calls: u64, pages: u64, cold_requested: u64) -> FileStats {
    FileStats { calls, bytes: calls * 4096, pages, cold_requested, ..FileStats::default() }
}

#[test]
fn where_files_are_not_told_apart_nothing_is_said() {
    assert_eq!(recording(&snapshot(vec![thread(1)])).page_cache, None);
}

#[test]
fn files_with_the_most_cold_pages_come_first_and_what_found_no_room_last() {
    let files = vec![
        (file(1, Some("/srv/hot")), read(50, 50, 0)),
        (file(2, None), FileStats { fault_pages: 9, faults: 3, ..FileStats::default() }),
        (file(3, Some("/srv/cold")), read(10, 10, 10)),
    ];
    let seen = page_cache(files, read(5, 5, 1), Vec::new());
    let shares: Vec<_> = seen.files.iter().map(|row| (row.path.as_str(), row.read.memory_share)).collect();
    assert_eq!(shares, [("/srv/cold", Some(0.0)), ("(inode 2)", None), ("/srv/hot", Some(1.0)), (OTHER, Some(0.8))]);
    let total = seen.total;
    assert_eq!((total.calls, total.pages, total.cold_requested, total.fault_pages), (65, 65, 11, 9));
    assert_eq!(total.memory_share, Some(1.0 - 11.0 / 65.0));
    let other = seen.files.last().unwrap();
    assert_eq!((&other.directory, &other.device, other.inode), (&None, &None, None));
}

#[test]
fn a_row_for_what_found_no_room_is_there_also_if_only_waits_did() {
    let waited = FileStats { disk_blocked: 1, disk_ns: 5, ..FileStats::default() };
    let seen = page_cache(Vec::new(), waited, Vec::new());
    assert_eq!(seen.files.iter().map(|row| (row.path.as_str(), row.disk_wait_ns)).collect::<Vec<_>>(), [(OTHER, 5)]);
}

#[test]
fn the_share_of_memory_stays_between_nothing_and_all_and_is_unknown_for_direct_reads() {
    let direct = FileStats { calls: 4, direct_calls: 4, direct_bytes: 1 << 14, bytes: 1 << 14, ..FileStats::default() };
    let files = vec![(file(1, Some("/odd")), read(1, 1, 3)), (file(2, Some("/direct")), direct)];
    let seen = page_cache(files, FileStats::default(), Vec::new());
    let shares: Vec<_> = seen.files.iter().map(|row| row.read.memory_share).collect();
    assert_eq!(shares, [Some(0.0), None]);
}

#[test]
fn a_thread_has_its_calls_its_faults_and_the_waits_of_both() {
    let mut reader = calling(thread(1), 10, 5_000);
    let stats = reader.calls[0].as_mut().unwrap();
    (stats.file_calls, stats.file_bytes, stats.pages, stats.cold_requested) = (8, 8 << 12, 16, 4);
    (stats.disk_waits, stats.disk_ns) = (3, 3_000);
    reader.slot.faults = Faults { faults: 2, cold_pages: 6, ..Faults::default() };
    reader.slot.wait_places[0] = WaitPlace { number: -1, waits: 5, wait_ns: 700, max_ns: 200 };
    // Waits for pages that another thread reads are waits all the same.
    let mut waiter = thread(2);
    waiter.slot.wait_places[0] = WaitPlace { number: -1, waits: 1, wait_ns: 100, max_ns: 100 };
    let idle = thread(3);
    let seen = page_cache(Vec::new(), FileStats::default(), vec![idle, waiter, reader]);
    let rows: Vec<_> = seen
        .threads
        .iter()
        .map(|row| (row.thread.tid.0, row.read.calls, row.read.memory_share, row.read.faults, row.read.fault_pages))
        .collect();
    assert_eq!(rows, [(1, 8, Some(0.75), 2, 6), (2, 0, None, 0, 0)]);
    let waits: Vec<_> = seen
        .threads
        .iter()
        .map(|row| (row.disk_waits, row.disk_wait_ns, row.fault_disk_waits, row.fault_disk_wait_ns))
        .collect();
    assert_eq!(waits, [(3, 3_000, 5, 700), (0, 0, 1, 100)]);
}
