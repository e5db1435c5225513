//! Whom tracer measures: each selector against processes that know what they did as whose member.

use std::{collections::BTreeMap, time::Duration};

use tests::{
    cgroup::{self, Cgroup},
    needs,
    recording::Recording,
    steps::Steps,
    tracer::Tracer,
    truth::Truth,
    workload::Workload,
};

use crate::{assert_adds_up, assert_counts};

const END: Duration = Duration::from_secs(30);

/// Calls by process, those that made any.
pub fn by_process(seen: &Recording) -> BTreeMap<u32, u64> {
    seen.sendfile().processes.iter().map(|row| (row.pid, row.calls)).collect()
}

/// The same by the program's own account, in which a thread is a process.
pub fn of_truth(truth: &Truth) -> BTreeMap<u32, u64> {
    truth.threads.iter().map(|thread| (thread.tid, thread.calls)).collect()
}

/// The processes are those that the program made, each with its calls, and each is listed as measured.
pub fn assert_family(seen: &Recording, truth: &Truth) {
    seen.assert_nothing_lost();
    assert_adds_up(seen.sendfile());
    assert_eq!(by_process(seen), of_truth(truth));
    let listed: Vec<_> = seen.target.processes.iter().map(|process| process.pid).collect();
    for pid in of_truth(truth).keys() {
        assert!(listed.contains(pid), "process {pid} is not among {listed:?}");
    }
}

#[test]
fn several_processes_are_measured_at_once() {
    let _machine = needs!(Root);
    let mut one = Workload::start("count --threads 2 --calls 300");
    let mut other = Workload::start("count --threads 3 --calls 200");
    let mut neighbour = Workload::start("count --calls 100");
    let tracer = Tracer::sendfile(&format!("--pid {} --pid {} -d 60", one.pid(), other.pid()));
    neighbour.go();
    let truths = [one.run(), other.run()];
    neighbour.truth();
    let pids = [one.pid(), other.pid()];
    one.end();
    other.end();
    // Both have ended: so does the window.
    let outcome = tracer.finish(END);
    let seen = &outcome.recording;
    seen.assert_nothing_lost();
    assert_counts(seen.sendfile(), &Truth { threads: truths.iter().flat_map(|truth| truth.threads.clone()).collect() });
    assert_eq!(by_process(seen), BTreeMap::from([(pids[0], truths[0].calls()), (pids[1], truths[1].calls())]));
    assert_eq!(seen.target.processes.iter().map(|process| process.pid).collect::<Vec<_>>(), pids);
    assert_eq!(seen.target.ended_early, Some(true));
}

#[test]
fn the_window_goes_on_while_one_of_several_processes_lives() {
    let _machine = needs!(Root);
    let mut one = Workload::start("count --calls 10");
    let mut other = Workload::start("count --calls 20");
    let tracer = Tracer::sendfile(&format!("--pid {} --pid {} -d 60", one.pid(), other.pid()));
    one.run();
    one.end();
    // A window that ended with the first one would not have seen these.
    std::thread::sleep(Duration::from_millis(300));
    other.run();
    other.end();
    assert_eq!(tracer.finish(END).recording.sendfile().calls, 30);
}

#[test]
fn threads_of_several_processes_are_measured_alone() {
    let _machine = needs!(Root);
    let mut one = Workload::start("count --threads 3 --calls 100");
    let mut other = Workload::start("count --threads 3 --calls 200");
    let tids = [one.tids()[1], one.tids()[2], other.tids()[0]];
    let tracer = Tracer::sendfile(&format!("--tid {} --tid {} --tid {}", tids[0], tids[1], tids[2]));
    one.run();
    other.run();
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    let threads: BTreeMap<_, _> = seen.sendfile().threads.iter().map(|thread| (thread.tid, thread.calls)).collect();
    assert_eq!(threads, BTreeMap::from([(tids[0], 100), (tids[1], 100), (tids[2], 200)]));
}

#[test]
fn children_are_followed_those_there_are_and_those_to_come() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("children --before 5 --after 20 --grandchildren 2");
    let tracer = Tracer::sendfile(&format!("--pid {} --follow", workload.pid()));
    let truth = workload.run();
    assert_eq!(truth.threads.len(), 25 * 3 + 1);
    assert_family(&tracer.stop().recording, &truth);
}

#[test]
fn children_are_not_followed_unless_asked_for() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("children --before 2 --after 3");
    let tracer = Tracer::of_process(workload.pid());
    workload.run();
    let seen = tracer.stop().recording;
    assert_eq!(by_process(&seen), BTreeMap::from([(workload.pid(), 1)]));
}

#[test]
fn the_window_ends_with_the_last_child() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("children --before 1 --after 2 --grandchildren 2 --outlive");
    let tracer = Tracer::sendfile(&format!("--pid {} --follow -d 60", workload.pid()));
    let truth = workload.run();
    workload.end();
    let outcome = tracer.finish(END);
    assert_eq!(outcome.recording.target.ended_early, Some(true));
    assert_family(&outcome.recording, &truth);
}

#[test]
fn a_name_counts_while_a_process_has_it() {
    let _machine = needs!(Root);
    let mut steps = Steps::start("t-before");
    let _somebody = Steps::start("t-during");
    let tracer = Tracer::sendfile("--comm t-during --comm t-never");
    steps.calls(10);
    steps.rename("t-during");
    steps.calls(100);
    steps.rename("t-after");
    steps.calls(1000);
    steps.rename("t-during");
    steps.calls(3);
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    assert_eq!(by_process(&seen).get(&steps.pid()), Some(&103));
}

#[test]
fn a_pattern_stands_for_processes_there_are_and_those_to_come() {
    let _machine = needs!(Root);
    let mut there = Steps::start("t-pattern-1");
    let mut neighbour = Steps::start("t-patter");
    let tracer = Tracer::sendfile("--comm t-p?tt[a-e]rn-*");
    let mut to_come = Steps::start("t-pattern-2");
    there.calls(11);
    neighbour.calls(100);
    to_come.calls(12);
    let pids = [there.pid(), to_come.pid()];
    to_come.end();
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    assert_eq!(by_process(&seen), BTreeMap::from([(pids[0], 11), (pids[1], 12)]));
    let names: BTreeMap<_, _> =
        seen.target.processes.iter().map(|process| (process.pid, process.comm.as_str())).collect();
    assert_eq!(names, BTreeMap::from([(pids[0], "t-pattern-1"), (pids[1], "t-pattern-2")]));
}

#[test]
fn who_is_waited_for_is_counted_from_its_first_call() {
    let _machine = needs!(Root);
    let tracer = Tracer::waiting("--comm t-awaited --wait");
    let mut steps = Steps::start("t-awaited");
    steps.calls(25);
    let seen = tracer.in_window().stop().recording;
    seen.assert_nothing_lost();
    assert_eq!(by_process(&seen), BTreeMap::from([(steps.pid(), 25)]));
}

#[test]
fn a_call_in_which_a_process_joins_is_nobodys_and_one_in_which_it_leaves_is_lost() {
    let _machine = needs!(Root);
    let mut steps = Steps::start("t-outside");
    let _somebody = Steps::start("t-inside");
    let tracer = Tracer::sendfile("--comm t-inside");
    steps.hold();
    steps.rename("t-inside");
    steps.release();
    steps.calls(5);
    let joined = tracer.stop().recording;
    assert_eq!((joined.sendfile().calls, joined.losses.calls_uncounted), (5, 0));

    let tracer = Tracer::sendfile("--comm t-inside");
    steps.hold();
    steps.rename("t-outside");
    let left_in_call = tracer.stop().recording;
    assert_eq!((left_in_call.sendfile().calls, left_in_call.losses.calls_uncounted), (0, 1));
    assert!(left_in_call.sendfile().in_flight.is_empty(), "{:?}", left_in_call.sendfile().in_flight);
    steps.release();
}

#[test]
fn a_cgroup_counts_for_whoever_is_in_it_while_it_is() {
    let _machine = needs!(Root, Cgroup);
    for (kind, root) in cgroup::hierarchies() {
        let group = Cgroup::make(&root, &format!("tracer-test-{}", std::process::id()));
        let below = Cgroup::make(group.path(), "below");
        let mut steps = Steps::start("t-moving");
        let mut inside = Steps::start("t-inside");
        let mut neighbour = Steps::start("t-beside");
        below.take(inside.pid());
        let tracer = Tracer::sendfile(&format!("--cgroup {}", group.path().display()));
        steps.calls(10);
        neighbour.calls(10);
        group.take(steps.pid());
        steps.calls(100);
        below.take(steps.pid());
        steps.calls(1000);
        group.release(steps.pid());
        steps.calls(10_000);
        inside.calls(7);
        let seen = tracer.stop().recording;
        seen.assert_nothing_lost();
        assert_eq!(by_process(&seen), BTreeMap::from([(steps.pid(), 1100), (inside.pid(), 7)]), "{kind}");
        assert!(seen.target.processes.iter().any(|process| process.pid == inside.pid()), "{kind}");
    }
}

#[test]
fn a_container_goes_by_the_beginning_of_its_id_and_a_unit_by_its_name() {
    let _machine = needs!(Root, Cgroup);
    let (_, root) = cgroup::hierarchies().remove(0);
    let own = std::process::id();
    let id = format!("{own:08x}{}", "5e".repeat(28));
    let container = Cgroup::make(&root, &format!("docker-{id}.scope"));
    let unit = Cgroup::make(&root, &format!("tracer-test-{own}.service"));
    let mut in_container = Steps::start("t-container");
    let mut in_unit = Steps::start("t-unit");
    container.take(in_container.pid());
    unit.take(in_unit.pid());
    let tracer = Tracer::sendfile(&format!("--cgroup {} --unit tracer-test-{own}", &id[..16]));
    in_container.calls(8);
    in_unit.calls(9);
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    assert_eq!(by_process(&seen), BTreeMap::from([(in_container.pid(), 8), (in_unit.pid(), 9)]));
}

#[test]
fn a_cgroup_that_is_waited_for_is_measured_once_somebody_is_in_it() {
    let _machine = needs!(Root, Cgroup);
    let (_, root) = cgroup::hierarchies().remove(0);
    let name = format!("tracer-test-{}", std::process::id());
    let tracer = Tracer::waiting(&format!("--cgroup {name} --wait"));
    let mut steps = Steps::start("t-awaited");
    let group = Cgroup::make(&root, &name);
    group.take(steps.pid());
    let tracer = tracer.in_window();
    steps.calls(31);
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    assert_eq!(by_process(&seen), BTreeMap::from([(steps.pid(), 31)]));
}

#[test]
fn everybody_is_measured_but_tracer() {
    let _machine = needs!(Root);
    let mut there = Steps::start("t-there");
    let tracer = Tracer::sendfile("--all");
    let tracer_pid = tracer.pid();
    let mut to_come = Steps::start("t-to-come");
    there.calls(21);
    to_come.calls(22);
    let pids = [there.pid(), to_come.pid()];
    to_come.end();
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    let calls = by_process(&seen);
    assert_eq!(pids.map(|pid| calls.get(&pid).copied()), [Some(21), Some(22)]);
    let listed: Vec<_> = seen.target.processes.iter().map(|process| process.pid).collect();
    assert!(pids.iter().all(|pid| listed.contains(pid)), "{listed:?}");
    assert!(!listed.contains(&tracer_pid) && !calls.contains_key(&tracer_pid));
}
