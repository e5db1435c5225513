//! splice and its kin: each direction is a row of its own, and exact.

use tests::{bpftrace::Bpftrace, disk::LoopDisk, needs, os::rungs, tracer::Tracer, workload::Workload};

use crate::{
    assert_adds_up,
    kinds::{Counts, assert_kinds, rows, watch_by},
};

#[test]
fn each_direction_has_exactly_its_calls_bytes_and_errors() {
    let _machine = needs!(Root);
    let (seen, truth) = watch_by("splice", "", Workload::start("splices --threads 4 --rounds 500"));
    assert_kinds(&seen, &truth);
    let directions = [
        "copy_file_range file_to_file",
        "splice file_to_pipe",
        "splice other",
        "splice pipe_to_file",
        "splice pipe_to_pipe",
        "splice pipe_to_socket",
        "splice socket_to_pipe",
        "tee pipe_to_pipe",
        "vmsplice memory_to_pipe",
        "vmsplice pipe_to_memory",
    ];
    assert_eq!(rows(&truth).into_iter().collect::<Vec<_>>(), directions);
    let failed =
        |row: &str| seen.row(row).errors_by_name.iter().map(|(name, count)| (name.clone(), *count)).collect::<Vec<_>>();
    assert_eq!(failed("splice pipe_to_file"), [("EAGAIN".to_owned(), 400)]);
    assert_eq!(failed("splice pipe_to_pipe"), [("EINVAL".to_owned(), 400)]);
    assert_eq!(failed("splice other"), [("EBADF".to_owned(), 400), ("EINVAL".to_owned(), 400)]);
    assert_eq!(failed("tee pipe_to_pipe"), [("EBADF".to_owned(), 400)]);
    assert_eq!(failed("copy_file_range file_to_file"), [("EINVAL".to_owned(), 400)]);
}

#[test]
fn each_rung_counts_the_same() {
    let _machine = needs!(Root);
    for mechanism in rungs::of_calls() {
        let workload = Workload::start("splices --threads 3 --rounds 300");
        let (seen, truth) = watch_by("splice", &format!("--mechanism {mechanism}"), workload);
        assert_kinds(&seen, &truth);
    }
}

#[test]
fn bpftrace_counts_the_same_calls_and_bytes() {
    let _machine = needs!(Root, Bpftrace);
    let mut workload = Workload::start("splices --threads 2 --rounds 400");
    let bpftrace = Bpftrace::calls_of(workload.pid(), &["splice", "tee", "vmsplice", "copy_file_range"]);
    let tracer = Tracer::start("splice", &format!("--pid {}", workload.pid()));
    let truth = workload.run();
    let seen = tracer.stop().recording;
    let theirs = bpftrace.calls();
    seen.assert_nothing_lost();
    assert_kinds(&seen, &truth);
    for name in ["splice", "tee", "vmsplice", "copy_file_range"] {
        let rows = seen.syscalls.iter().filter(|row| row.name == name);
        let (calls, bytes) = rows.fold((0, 0), |sum, row| (sum.0 + row.calls, sum.1 + row.bytes));
        assert!(calls > 0, "no {name}");
        assert_eq!((calls, bytes), theirs[name], "calls and bytes of {name}");
    }
}

#[test]
fn a_cold_file_that_is_spliced_is_told_with_the_pages_that_had_to_be_read() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let workload = Workload::start_on(&disk, "reads --by splice,copy-file-range --gains --ranges 12");
    let (seen, truth) = watch_by("splice", "", workload);
    assert_kinds(&seen, &truth);
    for (tid, kind) in truth.kinds().filter(|(_, kind)| kind.path.is_some()) {
        let row = seen.row(&kind.row);
        assert_eq!(kind.gained_inside, 6 * 3, "every second range has three pages that are cold: {kind:?}");
        assert_eq!((row.cold_requested, row.read_ahead), (Some(kind.gained_inside), Some(kind.gained_outside)));
        assert_eq!(row.thread(tid).cold_requested, Some(kind.gained_inside));
        let slept = kind.sleeps;
        assert!(row.disk_waits <= slept && row.disk_waits + 1 >= slept, "{} of {slept} sleeps", row.disk_waits);
        let path = kind.path.as_ref().expect("a file").display().to_string();
        let file =
            row.files.iter().find(|file| file.name == path).unwrap_or_else(|| panic!("no {path}: {:?}", row.files));
        assert_eq!(file.disk_blocked, row.disk_blocked);
    }
}

#[test]
fn calls_without_room_for_their_figures_are_counted_as_lost() {
    let _machine = needs!(Root);
    // 64 slots have 128 records, and 40 threads make calls of ten rows each.
    let mut workload = Workload::start("splices --threads 40 --rounds 20");
    let tracer = Tracer::start("splice", &format!("--pid {} --max-threads 64", workload.pid()));
    let truth = workload.run();
    let outcome = tracer.stop();
    let seen = outcome.recording;
    seen.syscalls.iter().for_each(assert_adds_up);
    let counted: u64 = seen.syscalls.iter().map(|row| row.calls).sum();
    let made: u64 = truth.kinds().map(|(_, kind)| kind.calls).sum();
    assert!(seen.losses.records_dropped > 0, "{:?}", seen.losses);
    assert_eq!(seen.losses.threads_dropped, 0);
    assert_eq!(seen.losses.calls_uncounted, seen.losses.records_dropped);
    assert_eq!(counted + seen.losses.calls_uncounted, made);
    assert!(outcome.stdout.contains("found no room for their figures: raise --max-threads"), "{}", outcome.stdout);
    // What is counted is right.
    for row in rows(&truth) {
        let all = Counts::of_row(&truth, row);
        let seen = seen.row(row);
        assert!(seen.calls <= all.calls && seen.bytes <= all.bytes, "{row}");
    }
}
