//! Event loops that wait for a thread that waits for the disk.

use std::{fs::File, os::unix::fs::FileExt, path::Path};

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    needs,
    truth::{CallTruth, ThreadTruth},
    workload::Workload,
};

use crate::{assert_agree, disk_waits, role, waits_in, watch_with};

const FAULTS: u64 = 30;

/// ext4 puts at most 340 pieces of a file into a block, and reads each such block when it deletes the file.
const PIECES: u64 = 20 * 340;
const PIECE_BYTES: u64 = 4096;

/// A file with holes between its pieces, so that they stay apart.
fn in_pieces(directory: &Path) {
    let file = File::create(directory.join("gone")).expect("making a file");
    for piece in 0..PIECES {
        file.write_all_at(&[3; PIECE_BYTES as usize], 2 * piece * PIECE_BYTES).expect("writing a piece");
    }
}

fn sleeps_of(work: &[CallTruth]) -> u64 {
    work.iter().map(|work| work.voluntary_switches.expect("the workload measures")).sum()
}

fn latency_ns(thread: &ThreadTruth) -> u64 {
    thread.each.iter().map(|work| work.latency_ns).sum()
}

#[test]
fn loops_that_wait_for_a_thread_in_a_page_fault_or_munmap_are_not_blocked_on_disk() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount_after(in_pieces);
    let gone = disk.path().join("gone");
    let workload = Workload::start_on(&disk, &format!("barrier --loops 2 --faults {FAULTS} --gone {}", gone.display()));
    let limit = ThrottledDisk::of(&workload, 50);
    let (seen, truth) = watch_with("", workload);
    drop(limit);
    let [holder, loops @ ..] = truth.threads.as_slice() else { panic!("no threads") };
    let (faults, unmapped) = holder.each.split_at(FAULTS as usize);
    assert_eq!(role(&seen, holder.tid), Some("worker"));
    let in_faults = waits_in(&seen, holder.tid, "page_fault");
    let in_munmap = waits_in(&seen, holder.tid, "munmap");
    assert_agree("page faults", in_faults.disk_waits, sleeps_of(faults), 0.05, 0);
    assert_agree("munmap", in_munmap.disk_waits, sleeps_of(unmapped), 0.05, 0);
    assert!(in_faults.disk_waits >= FAULTS && in_munmap.disk_waits >= 20, "{in_faults:?} {in_munmap:?}");
    assert_eq!(in_faults.disk_waits + in_munmap.disk_waits, disk_waits(&seen, holder.tid));
    // The loops were held up all that time, by their own clocks, and none of it was the disk.
    assert_eq!(seen.verdict.status, "clear", "{:?}", seen.verdict);
    assert_eq!(seen.event_loops.len(), 2, "{:?}", seen.event_loops);
    for thread in loops {
        assert!(latency_ns(thread) >= latency_ns(holder) * 9 / 10);
        assert!(seen.event_loops.iter().any(|row| row.tid == thread.tid && row.turns == thread.calls));
        assert_eq!(disk_waits(&seen, thread.tid), 0);
    }
}
