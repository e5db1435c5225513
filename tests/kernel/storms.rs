//! Processes that come and go all the time: each call is counted, or counted as lost.

use std::collections::BTreeMap;

use tests::{needs, recording::Recording, tracer::Tracer, truth::Truth, workload::Workload};

use crate::assert_adds_up;

/// Watches `children ARGUMENTS` with more arguments for tracer.
fn storm(arguments: &str, children: &str) -> (Recording, String, Truth) {
    let mut workload = Workload::start(&format!("children {children}"));
    let tracer = Tracer::sendfile(&format!("--pid {} --follow {arguments}", workload.pid()));
    let truth = workload.run();
    let outcome = tracer.stop();
    assert_adds_up(outcome.recording.sendfile());
    (outcome.recording, outcome.stdout, truth)
}

/// What was made was counted or counted as lost, and who has numbers has the right ones.
fn assert_accounted(seen: &Recording, truth: &Truth) {
    assert_eq!(seen.sendfile().calls + seen.losses.calls_uncounted, truth.calls());
    let mut made: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for process in &truth.threads {
        made.entry(process.tid).or_default().push(process.calls);
    }
    // An id may have had several owners: each has a thread of its own, and the process' row is their sum.
    for thread in &seen.sendfile().threads {
        let made = made.get(&thread.tid).unwrap_or_else(|| panic!("thread {} is nobody's", thread.tid));
        assert!(made.contains(&thread.calls), "thread {}: {} of {made:?}", thread.tid, thread.calls);
    }
}

#[test]
fn a_thousand_children_a_second_are_each_counted() {
    let _machine = needs!(Root);
    let (seen, _, truth) = storm("--max-threads 32768", "--after 10000 --rate 1000 --calls 1");
    assert_eq!(truth.threads.len(), 10_001);
    assert_accounted(&seen, &truth);
    seen.assert_nothing_lost();
    assert_eq!(seen.sendfile().threads.len(), truth.threads.len());
    // One more than there is room for in the list.
    assert_eq!((seen.target.processes.len(), seen.target.processes_unlisted), (10_000, Some(1)));
}

#[test]
fn children_beyond_the_room_are_counted_as_lost_and_the_report_says_what_makes_more() {
    let _machine = needs!(Root);
    let (seen, report, truth) = storm("--max-threads 256", "--after 2000 --calls 3");
    assert_accounted(&seen, &truth);
    assert_eq!(seen.sendfile().threads.len() as u64 + seen.losses.threads_dropped, truth.threads.len() as u64);
    assert!((128..=256).contains(&seen.sendfile().threads.len()), "{} threads", seen.sendfile().threads.len());
    assert_eq!(seen.losses.processes_dropped, 0);
    assert!(report.contains("--max-threads"), "{report}");
}

#[test]
fn a_name_that_comes_and_goes_all_the_time_is_counted_while_it_is_there() {
    let _machine = needs!(Root);
    let mut steps = tests::steps::Steps::start("t-storm");
    let tracer = Tracer::sendfile("--comm t-storm");
    for _ in 0..200 {
        steps.calls(2);
        steps.rename("t-calm");
        steps.calls(3);
        steps.rename("t-storm");
    }
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    assert_eq!(seen.sendfile().calls, 400);
}
