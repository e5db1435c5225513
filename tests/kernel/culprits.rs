//! On which file, for whom: against what the kernel's other interfaces say of the same descriptors.

use std::collections::BTreeMap;

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    needs,
    recording::Culprit,
    truth::{CallEnds, Truth},
    workload::Workload,
};

use crate::{watch_lossy, watch_with};

/// From here on a call is slow: so every one is.
const EVERY_CALL: &str = "--threshold 1ns";

#[test]
fn each_slow_call_has_its_file_its_offset_and_its_client() {
    let _machine = needs!(Root, LoopDisk);
    // Below a mount of its own, so that paths cross one.
    let disk = LoopDisk::mount();
    let (seen, truth) = watch_with(EVERY_CALL, Workload::start_on(&disk, "ends --calls 2"));
    let ends = ends_of(&truth);
    let calls: Vec<_> = seen
        .slow_calls
        .iter()
        .map(|call| CallEnds {
            path: call.path.clone().expect("a path"),
            offset: call.offset.expect("an offset"),
            client: call.client.clone(),
            out: call.out.clone(),
        })
        .collect();
    assert_eq!(calls, ends);
    assert!(seen.slow_calls.iter().all(|call| call.bytes == 4096 && call.tid == truth.threads[0].tid));
    assert_rows(&seen.sendfile().files, &ends, |end| end.path.clone());
    assert_rows(&seen.sendfile().clients, &ends, |end| end.client.clone().unwrap_or("(none)".into()));
    for row in &seen.sendfile().files {
        let offsets = ends.iter().filter(|end| end.path == row.name).map(|end| end.offset);
        assert_eq!(row.first_offset, offsets.clone().min(), "{}", row.name);
        assert_eq!(row.last_offset, offsets.max().map(|offset| offset + 4096), "{}", row.name);
    }
}

fn ends_of(truth: &Truth) -> Vec<CallEnds> {
    truth.threads.iter().flat_map(|thread| thread.ends.clone()).collect()
}

/// The rows are those that the calls give, and no other.
fn assert_rows(rows: &[Culprit], ends: &[CallEnds], key: impl Fn(&CallEnds) -> String) {
    let mut calls: BTreeMap<String, u64> = BTreeMap::new();
    for end in ends {
        *calls.entry(key(end)).or_default() += 1;
    }
    let seen: BTreeMap<_, _> = rows.iter().map(|row| (row.name.clone(), row.calls)).collect();
    assert_eq!(seen, calls);
    assert!(rows.iter().all(|row| row.bytes == row.calls * 4096));
}

#[test]
fn the_cold_file_of_two_is_the_culprit() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    let workload = Workload::start_on(&disk, "cold --calls 400 --threads 2");
    let path = workload.directory().join("cold");
    let limit = ThrottledDisk::of(&workload, 400);
    // Nothing is slow by the threshold: disk-blocked calls are told all the same.
    let (seen, _) = watch_with("--threshold 10s", workload);
    drop(limit);
    let sendfile = seen.sendfile();
    assert!(sendfile.disk_blocked > 390);
    let [file] = sendfile.files.as_slice() else { panic!("{:?}", sendfile.files) };
    assert_eq!(file.name, path.display().to_string());
    assert_eq!((file.calls, file.disk_blocked), (sendfile.disk_blocked, sendfile.disk_blocked));
    assert_eq!(file.disk_wait_ns, sendfile.time_ns.disk);
    assert_eq!(file.cold_requested, file.calls, "a page each");
    assert_eq!(seen.losses.slow_calls_dropped, 0);
    assert!(seen.slow_calls.iter().all(|call| call.disk_ns > 0 && call.out == "null"));
}

#[test]
fn records_that_are_dropped_are_counted_and_in_the_sums() {
    let _machine = needs!(Root);
    // Far more than a CPU may tell of in the time.
    let (seen, truth) = watch_lossy(EVERY_CALL, Workload::start("count --threads 2 --calls 200000"));
    let dropped = seen.losses.slow_calls_dropped;
    assert!(dropped > 0, "all of {} records came through", truth.calls());
    for rows in [&seen.sendfile().files, &seen.sendfile().clients] {
        let sum = |field: fn(&Culprit) -> u64| rows.iter().map(field).sum::<u64>();
        assert_eq!(sum(|row| row.calls), truth.calls());
        assert_eq!(sum(|row| row.bytes), truth.bytes());
        assert_eq!(sum(|row| row.disk_blocked), seen.sendfile().disk_blocked);
        assert_eq!(sum(|row| row.disk_wait_ns), seen.sendfile().time_ns.disk);
        let other = rows.iter().find(|row| row.name == "(other)").expect("a row for what was dropped");
        assert_eq!(other.calls, dropped);
    }
    assert_eq!(seen.slow_calls.len(), 1000);
}
