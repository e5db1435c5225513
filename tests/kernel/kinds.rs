//! Work of many kinds at once, each kind against the program's own account.

use std::collections::{BTreeMap, BTreeSet};

use tests::{
    recording::{Recording, Syscall, Thread},
    tracer::Tracer,
    truth::{KindTruth, Truth},
    workload::Workload,
};

use crate::assert_adds_up;

/// Lets a command of tracer watch a whole workload; nothing is lost.
pub fn watch_by(command: &str, arguments: &str, mut workload: Workload) -> (Recording, Truth) {
    let tracer = Tracer::start(command, &format!("--pid {} {arguments}", workload.pid()));
    let truth = workload.run();
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    seen.syscalls.iter().for_each(assert_adds_up);
    (seen, truth)
}

/// What a workload says of its calls of one row: in all, or of one thread.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub calls: u64,
    pub bytes: u64,
    pub errors: BTreeMap<String, u64>,
}

impl Counts {
    /// The calls of one row, of all threads.
    pub fn of_row(truth: &Truth, row: &str) -> Self {
        Self::of(truth.kinds().map(|(_, kind)| kind).filter(|kind| kind.row == row))
    }

    fn of_thread(truth: &Truth, row: &str, tid: u32) -> Self {
        Self::of(truth.kinds().filter(|&(of, kind)| of == tid && kind.row == row).map(|(_, kind)| kind))
    }

    fn of<'a>(kinds: impl Iterator<Item = &'a KindTruth>) -> Self {
        let mut sums = Self::default();
        for kind in kinds {
            sums.calls += kind.calls;
            sums.bytes += kind.bytes;
            for (name, count) in &kind.errors {
                *sums.errors.entry(name.clone()).or_default() += count;
            }
        }
        sums
    }
}

/// The rows that a workload made calls of.
pub fn rows(truth: &Truth) -> BTreeSet<&str> {
    truth.kinds().filter(|(_, kind)| kind.calls > 0).map(|(_, kind)| kind.row.as_str()).collect()
}

/// Each thread's calls, bytes and errors of each row are those of the program, and there is no other row.
pub fn assert_kinds(seen: &Recording, truth: &Truth) {
    let tids: Vec<_> = truth.threads.iter().map(|thread| thread.tid).collect();
    // The workload's main thread reads its stdin.
    let is_worker = |thread: &&Thread| tids.contains(&thread.tid);
    let made: BTreeSet<_> = seen
        .syscalls
        .iter()
        .filter(|row| row.threads.iter().any(|thread| is_worker(&thread)))
        .map(Syscall::label)
        .collect();
    assert_eq!(made.iter().map(String::as_str).collect::<BTreeSet<_>>(), rows(truth));
    for row in rows(truth) {
        let seen = seen.row(row);
        let all = Counts::of_row(truth, row);
        assert_eq!(seen.errors_by_name, all.errors, "errors of {row}");
        let others = seen.threads.iter().filter(|thread| !is_worker(thread)).collect::<Vec<_>>();
        assert!(others.is_empty() || row == "read", "{others:?}");
        assert_eq!(seen.calls - others.iter().map(|thread| thread.calls).sum::<u64>(), all.calls, "calls of {row}");
        for &tid in &tids {
            let thread = seen.thread(tid);
            let own = Counts::of_thread(truth, row, tid);
            assert_eq!((thread.calls, thread.bytes), (own.calls, own.bytes), "{row} by thread {tid}");
            assert_eq!(thread.errors, own.errors.values().sum::<u64>(), "errors of {row} by thread {tid}");
        }
    }
}
