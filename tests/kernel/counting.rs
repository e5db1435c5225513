//! Counting is exact.

use tests::{needs, tracer::Tracer, workload::Workload};

use crate::{assert_adds_up, assert_counts, watch};

#[test]
fn each_thread_has_exactly_its_calls_bytes_and_errors() {
    let _machine = needs!(Root);
    let (seen, truth) = watch("count --threads 4 --calls 50000 --fail EBADF=7,EAGAIN=5,EINVAL=3");
    let seen = seen.sendfile();
    assert_counts(seen, &truth);
    let errors = seen.errors_by_name.iter().map(|(name, count)| (name.as_str(), *count));
    assert_eq!(errors.collect::<Vec<_>>(), [("EAGAIN", 20), ("EBADF", 28), ("EINVAL", 12)]);
}

#[test]
fn counts_do_not_depend_on_where_the_bytes_go() {
    let _machine = needs!(Root);
    for out in ["null", "memory", "pipe", "socket"] {
        let (seen, truth) = watch(&format!("count --threads 3 --calls 2000 --bytes 1,4096,10000 --out {out}"));
        assert_counts(seen.sendfile(), &truth);
    }
}

#[test]
fn threads_that_start_and_end_inside_the_window_keep_their_numbers() {
    let _machine = needs!(Root);
    let (seen, truth) = watch("count --waves 6 --threads 8 --calls 500 --fail EBADF=1");
    assert_eq!(truth.threads.len(), 48);
    assert_counts(seen.sendfile(), &truth);
}

#[test]
fn a_reused_tid_keeps_two_threads_apart() {
    let _machine = needs!(Root, ChosenThreadId);
    let (seen, truth) = watch("count --same-tid 3 --calls 200");
    let tid = truth.threads[0].tid;
    assert!(truth.threads.iter().all(|thread| thread.tid == tid));
    assert_counts(seen.sendfile(), &truth);
    let calls = seen.sendfile().threads_with(tid).iter().map(|thread| thread.calls).collect::<Vec<_>>();
    assert_eq!(calls, [200, 201, 202]);
}

#[test]
fn a_thousand_threads_that_exist_already_are_each_counted() {
    let _machine = needs!(Root);
    let (seen, truth) = watch("count --threads 1000 --calls 100");
    assert_eq!(truth.threads.len(), 1000);
    assert_counts(seen.sendfile(), &truth);
}

#[test]
fn a_thousand_threads_that_come_and_go_are_each_counted() {
    let _machine = needs!(Root);
    let (seen, truth) = watch("count --waves 10 --threads 100 --calls 100");
    assert_eq!(truth.threads.len(), 1000);
    assert_counts(seen.sendfile(), &truth);
}

#[test]
fn one_thread_alone_is_counted_when_asked_for() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 3 --calls 1000");
    let tid = workload.tids()[1];
    let tracer = Tracer::sendfile(&format!("--tid {tid}"));
    let truth = workload.run();
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    assert_adds_up(seen.sendfile());
    let mine = truth.threads.iter().find(|thread| thread.tid == tid).expect("the chosen thread");
    assert_eq!(seen.sendfile().calls, mine.calls);
    assert_eq!(seen.sendfile().thread(tid).bytes, mine.bytes);
}

#[test]
fn other_processes_are_not_counted() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 2 --calls 5000");
    let mut neighbour = Workload::start("count --threads 2 --calls 20000");
    let tracer = Tracer::of_process(workload.pid());
    neighbour.go();
    let truth = workload.run();
    assert_eq!(neighbour.truth().calls(), 40_000);
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    assert_counts(seen.sendfile(), &truth);
}
