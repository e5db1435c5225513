//! Whom to measure: targets that are not there, are something else, or end.

use std::{process::Command, time::Duration};

use serde_json::Value;
use tests::{
    cgroup::{self, Cgroup},
    needs,
    process::Guarded,
    tracer::Tracer,
    workload::Workload,
};

use crate::{FAILED, idle, run, tracer};

/// No process ever has it unless pid_max was raised to its limit.
const UNUSED_ID: u32 = 4_194_304;

#[test]
fn a_process_that_does_not_exist_is_named() {
    for option in ["--pid", "--tid"] {
        let ran = run(tracer(&format!("sendfile {option} {UNUSED_ID} -d 1")));
        ran.assert_refused(FAILED, &[&format!("{option} {UNUSED_ID}"), "no such process"]);
    }
}

#[test]
fn a_process_that_has_ended_is_no_target() {
    let mut ended = Guarded::new(Command::new("true").spawn().unwrap());
    ended.wait(Duration::from_secs(10));
    run(tracer(&format!("sendfile --pid {} -d 1", ended.pid()))).assert_refused(FAILED, &["no such process"]);
}

#[test]
fn a_thread_is_no_process() {
    let workload = Workload::start("count --threads 2");
    let pid = workload.pid();
    let tid = *workload.tids().iter().find(|&&tid| tid != pid).expect("a second thread");
    let words = [&format!("--pid {tid}"), &format!("a thread of process {pid}"), &format!("use --tid {tid}")];
    run(tracer(&format!("sendfile --pid {tid} -d 1"))).assert_refused(FAILED, &words.map(String::as_str));
}

#[test]
fn one_thread_is_measured_alone() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 3 --calls 100");
    let tid = workload.tids()[1];
    let tracer = Tracer::sendfile(&format!("--tid {tid}"));
    workload.run();
    let recording = tracer.stop().recording;
    recording.assert_nothing_lost();
    let threads: Vec<_> = recording.sendfile().threads.iter().map(|thread| (thread.tid, thread.calls)).collect();
    assert_eq!(threads, [(tid, 100)]);
}

#[test]
fn a_thread_that_ends_while_its_process_goes_on_ends_the_window() {
    let _machine = needs!(Root);
    // The leader lives on while its two other threads come and go with the work.
    let mut workload = Workload::start("count --threads 2 --calls 100");
    let pid = workload.pid();
    let tid = *workload.tids().iter().find(|&&tid| tid != pid).expect("a second thread");
    let tracer = Tracer::sendfile(&format!("--tid {tid} -d 60"));
    workload.run();
    workload.end();
    let outcome = tracer.finish(Duration::from_secs(20));
    assert!(outcome.stdout.contains("ended before the window did"), "{}", outcome.stdout);
    assert_eq!(outcome.recording.sendfile().calls, 100);
}

#[test]
fn a_process_that_ends_inside_the_window_ends_it() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let mut target = idle();
    let running =
        crate::Running::in_window(tracer(&format!("sendfile --pid {} -d 60 -o {}", target.pid(), path.display())));
    target.child().kill().unwrap();
    let ran = running.end();
    ran.assert_measured();
    assert!(ran.stdout.contains("ended before the window did"), "{}", ran.stdout);
    let recording: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(recording["target"]["ended_early"], true);
}

#[test]
fn ids_and_clocks_that_are_not_those_of_proc_and_kernel_are_refused_rather_than_mistaken() {
    let _machine = needs!(Root);
    for (options, words) in [
        (&["--pid", "--fork", "--"][..], ["/proc shows the ids of another pid namespace", "--mount-proc"]),
        (&["--time", "--boottime", "1000", "--fork", "--"], ["time namespace", "run tracer outside"]),
    ] {
        let tracer = tracer("sendfile --all -d 100ms");
        let mut command = Command::new("unshare");
        command.args(options).arg(tracer.get_program()).args(tracer.get_args());
        run(command).assert_refused(FAILED, &words);
    }
}

#[test]
fn one_of_several_targets_that_is_not_there_is_named() {
    let target = idle();
    let ran = run(tracer(&format!("sendfile --pid {} --pid {UNUSED_ID} -d 1", target.pid())));
    ran.assert_refused(FAILED, &[&format!("--pid {UNUSED_ID}"), "no such process"]);
}

#[test]
fn a_name_that_nobody_has_is_an_error_unless_it_is_waited_for() {
    let _machine = needs!(Root);
    for name in ["t-nobody", "t-nob*[x-z]"] {
        let ran = run(tracer(&format!("sendfile --comm {name} -d 1")));
        ran.assert_refused(FAILED, &[&format!("--comm {name}"), "no process is called so", "--wait"]);
    }
}

#[test]
fn a_cgroup_that_is_none_is_named_with_the_reason() {
    for (name, why) in [
        ("/no/such/cgroup", "no such cgroup"),
        ("no/such", "no such cgroup"),
        ("nobody", "a container goes by its id"),
        ("abc", "a container goes by its id"),
        ("0123456789abcdef", "no container with such an id"),
        ("/etc", "is no cgroup"),
        ("../..", "no such cgroup"),
    ] {
        run(tracer(&format!("sendfile --cgroup {name} -d 1")))
            .assert_refused(FAILED, &[&format!("--cgroup {name}"), why]);
    }
}

#[test]
fn a_unit_that_does_not_run_is_named() {
    let ran = run(tracer("sendfile --unit no-such-unit -d 1"));
    ran.assert_refused(FAILED, &["--unit no-such-unit", "no cgroup is called no-such-unit.service"]);
}

#[test]
fn the_beginning_of_two_containers_ids_is_not_enough() {
    let _machine = needs!(Root, Cgroup);
    let (_, root) = cgroup::hierarchies().remove(0);
    let own = format!("{:08x}", std::process::id());
    let containers = ["aa", "bb"].map(|rest| Cgroup::make(&root, &format!("{own}{}", rest.repeat(28))));
    let ran = run(tracer(&format!("sendfile --cgroup {own} -d 1")));
    let words = ["2 containers begin so", &format!("{own}aaaa"), &format!("{own}bbbb"), "give more digits"];
    ran.assert_refused(FAILED, &words);
    let path = containers[0].path().to_owned();
    drop(containers);
    let ran = run(tracer(&format!("sendfile --cgroup {} -d 1", path.display())));
    ran.assert_refused(FAILED, &["no such cgroup (any more)"]);
}

#[test]
fn a_file_of_a_cgroup_is_no_cgroup() {
    let _machine = needs!(Root, Cgroup);
    let (_, root) = cgroup::hierarchies().remove(0);
    let ran = run(tracer(&format!("sendfile --cgroup {}/cgroup.procs -d 1", root.display())));
    ran.assert_refused(FAILED, &["is a file of a cgroup"]);
}
