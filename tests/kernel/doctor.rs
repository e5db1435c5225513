//! What doctor says of this kernel, against measurements and against the kernel's own files.

use std::{fs, process::Command};

use tests::{
    disk::LoopDisk,
    doctor::Doctor,
    needs,
    os::rungs,
    tracer::{self, Tracer, binary},
    workload::Workload,
};

fn doctor(arguments: &str) -> Command {
    let mut command = Command::new(binary());
    command.arg("doctor").args(arguments.split_whitespace());
    command
}

#[test]
fn a_rung_holds_if_a_measurement_can_be_made_by_it_and_only_then() {
    let _machine = needs!(Root);
    let doctor = Doctor::run(doctor(""));
    assert_eq!(doctor.code, Some(0), "{}", doctor.stderr);
    let probes = doctor.probes();
    let workload = Workload::start("count --threads 1 --calls 10");
    let pid = workload.pid().to_string();
    for (family, probe) in [("sendfile", "sendfile"), ("splice", "splice"), ("pagecache", "reads")] {
        let rungs = &probes[probe].1;
        assert_eq!(rungs.len(), 4, "{rungs:?}");
        for (mechanism, &holds) in rungs {
            let arguments = [family, "--pid", &pid, "-d", "50ms", "-q", "--mechanism", mechanism];
            let output = Command::new(binary()).args(arguments).output().expect("tracer starts");
            let code = output.status.code();
            assert_eq!(code, Some(if holds { 0 } else { 4 }), "{family} {mechanism}: {}", tracer::said(&output));
        }
        let held: Vec<_> = rungs.iter().filter(|(_, holds)| **holds).map(|(mechanism, _)| mechanism.as_str()).collect();
        let mut expected = rungs::of_calls();
        expected.sort_unstable();
        assert_eq!(held, expected, "{probe}");
    }
}

#[test]
fn each_probe_uses_what_a_measurement_uses_and_each_program_was_seen_to_run() {
    let _machine = needs!(Root);
    let doctor = Doctor::run(doctor(""));
    let probes = doctor.probes();
    let workload = Workload::start("count --threads 1 --calls 10");
    let arguments = format!("--pid {} --follow --with splice,pagecache", workload.pid());
    let seen = Tracer::sendfile(&arguments).stop().recording;
    assert_eq!(probes.len(), seen.probes.len(), "{probes:?}");
    for probe in &seen.probes {
        let (chosen, rungs) = &probes[&probe.name];
        assert_eq!((chosen, &probe.status[..]), (&probe.mechanism, "attached"), "{}", probe.name);
        for mechanism in rungs.iter().filter(|(_, holds)| **holds).map(|(mechanism, _)| mechanism) {
            let rung = doctor.rung(&probe.name, mechanism);
            assert_eq!(rung["fired"], true, "{} by {mechanism}", probe.name);
            let programs = rung["programs"].as_array().expect("programs");
            assert!(
                !programs.is_empty() && programs.iter().all(|one| one["verified_instructions"].as_u64() > Some(10))
            );
        }
    }
}

#[test]
fn what_is_refused_has_its_cause_and_lockdown_is_none() {
    let _machine = needs!(Root);
    let doctor = Doctor::run(doctor(""));
    let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").ok();
    let [(state, _)] = doctor.findings("lockdown")[..] else { panic!("one line about it") };
    assert_eq!(state == "unknown", lockdown.is_none());
    for (probe, (_, rungs)) in doctor.probes() {
        for mechanism in rungs.iter().filter(|(_, holds)| !**holds).map(|(mechanism, _)| mechanism) {
            let rung = doctor.rung(&probe, mechanism);
            let why = rung["why"].as_str().expect("a refusal has a cause, or says that it is not known");
            assert!(rung["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
            if !lockdown.as_deref().is_some_and(|mode| mode.contains("[confidentiality]")) {
                assert!(!why.contains("lockdown"), "{probe} by {mechanism}: {why}");
            }
            // Without the option there is no event source, and the other way round.
            if mechanism == "kprobe" {
                assert!(why.contains("built without CONFIG_KPROBE"), "{why}");
                assert!(rung["remedy"].as_str().is_some_and(|remedy| remedy.contains("=y")));
            }
        }
    }
}

#[test]
fn the_self_test_finds_every_figure_right() {
    let _machine = needs!(Root, LoopDisk);
    // Each cold read of this disk puts its thread to sleep.
    let disk = LoopDisk::mount();
    let doctor = Doctor::run(doctor(&format!("--self-test --directory {}", disk.path().display())));
    assert_eq!(doctor.not_passed(), Vec::<&serde_json::Value>::new());
    assert_eq!(doctor.code, Some(0), "{}", doctor.stderr);
    let cost = &doctor.report["self_test"]["cost"];
    assert_eq!(cost["mechanism"], rungs::of_calls()[0]);
    let known = |name: &str| {
        let checks = doctor.report["self_test"]["checks"].as_array().expect("checks");
        checks.iter().find(|check| check["name"] == name).and_then(|check| check["known"].as_u64())
    };
    assert!(known("disk waits of both").is_some_and(|waits| waits >= 40), "the disk is slow");
    assert_eq!(known("sendfile found its socket full"), Some(20));
}
