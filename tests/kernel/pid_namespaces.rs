//! Ids are as the caller sees them: tracer outside the pid namespace of its target, and inside.

use std::{process::Command, time::Duration};

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    needs,
    process::only_child,
    tracer::Tracer,
    truth::Truth,
    wait,
    workload::Workload,
};

use crate::{
    targets::{assert_family, by_process, of_truth},
    worst_turns::{TURNS, assert_worst_turns},
};

const END: Duration = Duration::from_secs(30);

/// What starts a program as the first process of a pid namespace of its own, with a /proc of its own.
fn inside_a_new_one() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"]);
    command
}

/// What starts a program in the pid namespace of `workload`, which was started so.
fn inside_that_of(workload: &Workload) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["--pid", "--mount", "--target", &outer_pid(workload).to_string(), "--"]);
    command
}

/// The workload's id where the test runs.
fn outer_pid(workload: &Workload) -> u32 {
    let unshare = workload.pid();
    wait::soon(|| only_child(unshare).expect("unshare runs")).expect("unshare has a child")
}

/// What the processes know themselves by is not what the test sees.
fn assert_has_ids_of_its_own(truth: &Truth) {
    assert!(truth.threads.iter().all(|thread| thread.tid < 100), "{:?}", truth.threads);
}

#[test]
fn a_process_of_another_pid_namespace_goes_by_the_callers_id() {
    let _machine = needs!(Root);
    let mut workload = Workload::start_by(inside_a_new_one(), "children --after 3");
    let pid = outer_pid(&workload);
    let tracer = Tracer::sendfile(&format!("--pid {pid} --follow"));
    let truth = workload.run();
    assert_has_ids_of_its_own(&truth);
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    let mut calls: Vec<_> = by_process(&seen).into_values().collect();
    let mut made: Vec<_> = of_truth(&truth).into_values().collect();
    calls.sort_unstable();
    made.sort_unstable();
    assert_eq!(calls, made);
    assert_eq!(by_process(&seen).get(&pid), Some(&1));
}

#[test]
fn inside_a_pid_namespace_ids_are_its_own() {
    let _machine = needs!(Root);
    // The workload is the first process of its namespace: by its own id it and its children are measured, and its
    // neighbour outside is not, whether it is asked for by id, by name, or with everybody.
    for selector in ["--pid 1 --follow", "--comm workload", "--all"] {
        let mut workload = Workload::start_by(inside_a_new_one(), "children --after 3");
        let mut neighbour = Workload::start("count --calls 100");
        let tracer = Tracer::start_by(inside_that_of(&workload), "sendfile", &format!("{selector} -d 3"));
        neighbour.run();
        let truth = workload.run();
        assert_has_ids_of_its_own(&truth);
        let outcome = tracer.finish(END);
        assert_family(&outcome.recording, &truth);
        assert_eq!(by_process(&outcome.recording).get(&1), Some(&1), "{selector}");
    }
}

#[test]
fn inside_a_pid_namespace_a_thread_is_told_from_its_neighbours() {
    let _machine = needs!(Root);
    let mut workload = Workload::start_by(inside_a_new_one(), "count --threads 3 --calls 50");
    let tid = workload.tids()[1];
    let tracer = Tracer::start_by(inside_that_of(&workload), "sendfile", &format!("--tid {tid} -d 60"));
    let truth = workload.run();
    assert_has_ids_of_its_own(&truth);
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    let calls = seen.sendfile().threads.iter().map(|thread| (thread.pid, thread.tid, thread.calls));
    assert_eq!(calls.collect::<Vec<_>>(), [(1, tid, 50)]);
}

#[test]
fn inside_a_pid_namespace_loops_files_and_stacks_are_found() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle, RealTime);
    let disk = LoopDisk::mount();
    let mut workload = Workload::start_by_on(inside_a_new_one(), &disk, &format!("worst --turns {TURNS}"));
    let limit = ThrottledDisk::of_process(outer_pid(&workload), workload.directory(), 150);
    let arguments = "--pid 1 --with pagecache --stacks -d 60";
    let tracer = Tracer::start_by(inside_that_of(&workload), "eventloop", arguments);
    let truth = workload.run();
    let seen = tracer.stop().recording;
    drop(limit);
    assert_has_ids_of_its_own(&truth);
    assert_worst_turns(&seen, &truth);
    let files = &seen.page_cache.as_ref().expect("pages were counted").files;
    let fault = files.iter().find(|file| file.fault_disk_waits > 0).expect("a file that page faults waited for");
    assert!(fault.path.contains("far-"), "{fault:?}");
    // The program that functions are in is looked up in /proc, by id.
    let stacks = seen.stacks.as_deref().expect("stacks were asked for");
    assert!(stacks.iter().any(|stack| stack.user.iter().any(|name| name.contains("workload"))), "{stacks:?}");
}
