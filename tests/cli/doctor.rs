//! `tracer doctor` as different callers meet it, and that nothing is left of it.

use std::{fs, path::Path, time::Duration};

use rustix::process::Signal;
use tests::{
    disk::Scratch,
    doctor::Doctor,
    needs,
    tracer::binary,
    wait::{soon, until},
};

use crate::{
    FAILED, OK, Running, USAGE, names_in,
    privileges::{WITH_EMPTY_TRACEFS, as_nobody, without},
    run, tracer, tracer_in_private_mounts,
};

const INCONCLUSIVE: i32 = 3;

/// What the kernel says of this process.
fn effective_capabilities() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("it is listed");
    u64::from_str_radix(set.trim(), 16).unwrap()
}

#[test]
fn facts_are_those_of_the_kernels_own_files() {
    let _machine = needs!(Root);
    let doctor = Doctor::run(tracer("doctor"));
    assert_eq!(doctor.code, Some(OK), "{}", doctor.stderr);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(doctor.report["host"]["kernel"], release.trim());
    let paranoid = fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").unwrap();
    assert!(doctor.findings("perf events")[0].1.ends_with(&format!("is {}", paranoid.trim())));
    let jit = fs::read_to_string("/proc/sys/net/core/bpf_jit_enable").unwrap();
    assert_eq!(doctor.findings("JIT")[0].1, if jit.trim() == "0" { "off" } else { "on" });
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let has = |kind: &str| mounts.lines().any(|line| line.split(' ').nth(2) == Some(kind));
    let cgroups = match (has("cgroup"), has("cgroup2")) {
        (true, true) => "versions 1 and 2 (hybrid)",
        (true, false) => "version 1",
        (false, true) => "version 2",
        (false, false) => "none is mounted",
    };
    assert_eq!(doctor.findings("cgroups")[0].1, cgroups);
    for (bit, name) in [(19, "CAP_SYS_PTRACE"), (21, "CAP_SYS_ADMIN"), (38, "CAP_PERFMON"), (39, "CAP_BPF")] {
        let is_said =
            doctor.findings("capabilities").iter().any(|(state, names)| *state == "ok" && names.contains(name));
        assert_eq!(is_said, effective_capabilities() & (1 << bit) != 0, "{name}");
    }
}

#[test]
fn without_privileges_it_reports_what_is_missing_and_fails() {
    let _machine = needs!(Root);
    let (command, _folder) = as_nobody("", "doctor");
    let doctor = Doctor::run(command);
    assert_eq!(doctor.code, Some(FAILED));
    assert_eq!(doctor.report["works"], false);
    let missing: Vec<_> =
        doctor.findings("capabilities").into_iter().filter(|(state, _)| *state == "missing").collect();
    assert_eq!(missing, [("missing", "no CAP_BPF"), ("missing", "no CAP_PERFMON")]);
    let (command, _folder) = as_nobody("", "doctor");
    let ran = run(command);
    ran.assert_failed(FAILED, &["CAP_BPF and CAP_PERFMON", "as root"]);
    assert!(ran.stdout.contains("DOES NOT WORK HERE: "), "{}", ran.stdout);
}

#[test]
fn a_missing_capability_takes_its_feature_and_no_more() {
    let _machine = needs!(Root);
    let doctor = Doctor::run(without("-sys_ptrace", "doctor"));
    assert_eq!(doctor.code, Some(OK), "{}", doctor.stderr);
    assert!(doctor.findings("capabilities").contains(&("limited", "no CAP_SYS_PTRACE")));
    assert_eq!(doctor.findings("others' processes")[0].0, "limited");
    // Whether programs run is told to administrators alone.
    let doctor = Doctor::run(without("-sys_admin", "doctor"));
    assert_eq!(doctor.code, Some(OK), "{}", doctor.stderr);
    let rung = doctor.rung("disk waits", "tp_btf");
    assert_eq!((&rung["holds"], &rung["fired"]), (&true.into(), &serde_json::Value::Null));
}

#[test]
fn tracepoints_that_are_kept_away_have_another_cause_than_lockdown() {
    let _machine = needs!(Root);
    let doctor = Doctor::run(tracer_in_private_mounts(WITH_EMPTY_TRACEFS, "doctor"));
    assert_eq!(doctor.code, Some(OK), "{}", doctor.stderr);
    assert_eq!(doctor.probes()["sendfile"].0, "tp_btf");
    let why = doctor.rung("sendfile", "tracepoint")["why"].as_str().expect("a cause");
    assert_eq!(why, "tracefs cannot be seen");
}

#[test]
fn in_memory_cold_pages_are_left_untested_and_the_rest_agrees() {
    let _machine = needs!(Root);
    let doctor = Doctor::run(tracer("doctor --self-test --directory /dev/shm"));
    assert_eq!(doctor.code, Some(INCONCLUSIVE), "{}", doctor.stderr);
    for check in doctor.not_passed() {
        assert_eq!(check["outcome"], "inconclusive", "{check}");
        assert!(check["why"].as_str().is_some_and(|why| why.contains("a file system in memory")), "{check}");
    }
    assert!(doctor.not_passed().iter().any(|check| check["about"] == "cold pages"));
}

#[test]
fn a_directory_that_will_not_do_is_named() {
    let _machine = needs!(Root);
    let ran = run(tracer("doctor -q --self-test --directory /nonexistent"));
    assert_eq!(ran.code, FAILED, "{}", ran.stderr);
    let error = ran.stderr.lines().last().unwrap();
    for word in ["tracer: the self-test failed: no place", "/nonexistent", "No such file", "--directory"] {
        assert!(error.contains(word), "{error}");
    }
    assert_eq!(run(tracer("doctor --directory /tmp")).code, USAGE);
}

/// Processes of this tracer that do the known work.
fn workers() -> Vec<String> {
    let program = fs::canonicalize(binary()).unwrap();
    let works = |pid: &String| {
        let is_ours = fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|link| link == program);
        is_ours && fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("--known-work"))
    };
    names_in("/proc").into_iter().filter(works).collect()
}

fn assert_nothing_left(scratch: &Path, when: &str) {
    let left = || (names_in(scratch), workers());
    let is_clean = || (left() == (Vec::new(), Vec::new())).then_some(());
    assert!(soon(is_clean).is_some(), "left {when}: {:?}", left());
}

#[test]
fn killed_at_any_moment_it_leaves_nothing() {
    let _machine = needs!(Root);
    let scratch = Scratch::on_disk();
    for (signal, in_the_work) in [(Signal::KILL, false), (Signal::KILL, true), (Signal::INT, true)] {
        let arguments = format!("doctor -q --self-test --directory {}", scratch.path().display());
        let mut running = Running::start(tracer(&arguments));
        running.await_said(|line| line.starts_with("measuring known work"));
        if in_the_work {
            let has_begun = || (!workers().is_empty()).then_some(());
            assert!(until(Duration::from_secs(60), has_begun).is_some(), "the work begins");
        }
        running.signal(signal);
        running.end();
        assert_nothing_left(scratch.path(), &format!("by {signal:?}"));
    }
}
