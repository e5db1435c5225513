//! What the caller may do: refused in one line that names what is missing, or measured by another mechanism.

use std::{fs, process::Command};

use serde_json::Value;
use tempfile::TempDir;
use tests::{needs, tracer::binary, unprivileged::Nobody, workload::Workload};

use crate::{FAILED, Running, idle, run, tracer, tracer_in_private_mounts};

/// `tracer ARGUMENTS` as the user nobody with these capabilities; the copy of it that this user runs goes with the second value.
pub fn as_nobody(capabilities: &str, arguments: &str) -> (Command, Nobody) {
    let nobody = Nobody::new();
    let mut command = nobody.tracer(capabilities);
    command.args(arguments.split_whitespace());
    (command, nobody)
}

/// `tracer ARGUMENTS` as root without some capabilities, written as setpriv(1) does: `-sys_admin,-bpf`.
pub fn without(capabilities: &str, arguments: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.arg(format!("--bounding-set={capabilities}")).arg(binary()).args(arguments.split_whitespace());
    command
}

/// Nothing is mounted where tracefs is looked for.
const WITHOUT_TRACEFS: &str = r#"
    for place in /sys/kernel/tracing /sys/kernel/debug; do
        while umount -l $place 2>/dev/null; do :; done
    done
    exec "$@""#;

/// Something that has no events is mounted there.
pub const WITH_EMPTY_TRACEFS: &str = r#"
    mount -t tmpfs none /sys/kernel/tracing
    mkdir -p /sys/kernel/tracing/events
    exec "$@""#;

/// Lets `command` watch a workload; the mechanism that counted its calls, all of them.
fn mechanism_in(command: impl Fn(&str) -> Command) -> String {
    let mut workload = Workload::start("count --threads 2 --calls 500 --fail EBADF=20");
    let folder = TempDir::new().expect("a temporary directory");
    let path = folder.path().join("run.json");
    let arguments = format!("sendfile --pid {} -d 60 -o {}", workload.pid(), path.display());
    let running = Running::in_window(command(&arguments));
    let truth = workload.run();
    workload.end();
    running.end().assert_measured();
    tests::recording::Recording::read(&path).assert_nothing_lost();
    let recording: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let sendfile = &recording["syscalls"][0];
    assert_eq!(sendfile["calls"], truth.calls());
    assert_eq!(sendfile["bytes"], truth.bytes());
    assert_eq!(sendfile["errors_by_name"]["EBADF"], truth.errors()["EBADF"]);
    let probes = recording["probes"].as_array().unwrap();
    let probe = probes.iter().find(|probe| probe["name"] == "sendfile").expect("the probe of sendfile");
    probe["mechanism"].as_str().unwrap().to_owned()
}

fn mounts() -> String {
    fs::read_to_string("/proc/self/mounts").unwrap()
}

#[test]
fn a_user_without_privileges_is_told_which_are_missing() {
    let _machine = needs!(Root);
    let target = idle();
    for arguments in [format!("sendfile --pid {} -d 1", target.pid()), "demo".into()] {
        let (command, _nobody) = as_nobody("", &arguments);
        run(command).assert_refused(FAILED, &["CAP_BPF and CAP_PERFMON", "as root", "sudo"]);
    }
    for (given, missing) in [("+bpf", "without CAP_PERFMON:"), ("+perfmon", "without CAP_BPF:")] {
        let (command, _nobody) = as_nobody(given, &format!("sendfile --pid {} -d 1", target.pid()));
        run(command).assert_refused(FAILED, &[missing]);
    }
}

#[test]
fn a_single_missing_capability_is_named() {
    let _machine = needs!(Root);
    let target = idle();
    let arguments = format!("sendfile --pid {} -d 1", target.pid());
    let ran = run(without("-sys_admin,-bpf", &arguments));
    ran.assert_refused(FAILED, &["without CAP_BPF:"]);
    let ran = run(without("-sys_admin,-perfmon", &arguments));
    ran.assert_refused(FAILED, &["without CAP_PERFMON:"]);
}

#[test]
fn tracefs_that_nobody_has_mounted_is_seen_by_tracer_alone() {
    let _machine = needs!(Root);
    let before = mounts();
    assert_eq!(mechanism_in(|arguments| tracer_in_private_mounts(WITHOUT_TRACEFS, arguments)), "tracepoint");
    assert_eq!(mounts(), before);
    assert_eq!(mechanism_in(tracer), "tracepoint");
    assert_eq!(mounts(), before);
}

#[test]
fn without_the_right_to_mount_tracefs_another_mechanism_counts() {
    let _machine = needs!(Root);
    let without_tracefs = |arguments: &str| {
        let script = WITHOUT_TRACEFS.replace("exec ", "exec setpriv --bounding-set=-sys_admin ");
        tracer_in_private_mounts(&script, arguments)
    };
    assert_eq!(mechanism_in(without_tracefs), "tp_btf");
}

#[test]
fn where_classic_tracepoints_are_refused_another_mechanism_counts() {
    let _machine = needs!(Root);
    assert_eq!(mechanism_in(|arguments| tracer_in_private_mounts(WITH_EMPTY_TRACEFS, arguments)), "tp_btf");
}

#[test]
fn with_v_the_refused_mechanism_and_its_reason_are_said() {
    let _machine = needs!(Root);
    let target = idle();
    let ran = run(tracer_in_private_mounts(
        &WITHOUT_TRACEFS.replace("exec ", "exec setpriv --bounding-set=-sys_admin "),
        &format!("sendfile --pid {} -d 50ms -v", target.pid()),
    ));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let line = ran.stderr.lines().find(|line| line.contains("sendfile: no tracepoint:")).expect("the refusal");
    assert!(line.contains("tracefs is not mounted and cannot be") && line.contains("mount -t tracefs"), "{line}");
}

/// What tracer says with `-v` to the user nobody, who may load eBPF programs, where tracefs is mounted with these options.
fn said_with_tracefs(options: &str) -> String {
    let (nobody, target) = (Nobody::new(), idle());
    // All mounts of it have the options of the last one.
    let script = format!(
        "mount -t tracefs nodev /sys/kernel/tracing; trap 'mount -o remount,gid=0,mode=700 /sys/kernel/tracing' EXIT; \
         mount -o remount,{options} /sys/kernel/tracing; \"$@\""
    );
    let tracer = nobody.tracer("+bpf,+perfmon");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--", "sh", "-euc", &script, "sh"]).arg(tracer.get_program()).args(tracer.get_args());
    command.args(["sendfile", "-v", "-d", "50ms", "--pid", &target.pid().to_string()]);
    let ran = run(command);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stderr
}

#[test]
fn tracefs_that_is_for_root_alone_is_told_from_one_that_is_not_mounted() {
    let _machine = needs!(Root);
    let said = said_with_tracefs("gid=0,mode=700");
    let line = said.lines().find(|line| line.contains("sendfile: no tracepoint:")).expect("the refusal");
    assert!(line.contains("/sys/kernel/tracing is for root alone; CAP_DAC_READ_SEARCH reads it"), "{line}");
    // As that line says.
    let said = said_with_tracefs("gid=65534,mode=750");
    assert!(said.contains("tracer: sendfile_enter: attached"), "{said}");
}
