//! tracer in a container: a pid namespace and a file system of its own, Docker's usual capabilities and the two that eBPF takes, and
//! of /sys nothing but the kernel's types.

use std::process::Command;

use tests::{needs, process::only_child, tracer::Tracer, unprivileged::DOCKERS, wait, workload::Workload};

use crate::{assert_adds_up, assert_counts, lockdown};

/// Makes of a new mount namespace what a container has.
const SURROUNDINGS: &str = r#"
    kept=$(mktemp -d)
    mount --bind /sys/kernel/btf $kept
    umount -R -l /sys
    mount -t tmpfs none /sys
    mkdir -p /sys/kernel/btf
    mount --move $kept /sys/kernel/btf
    rmdir $kept
    mount -t proc proc /proc
    exec setpriv --bounding-set=$1 -- "${@:2}""#;

/// What starts a program as the first process of a container, up to the name of the program.
fn container() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--kill-child", "--mount", "--", "bash", "-euc", SURROUNDINGS, "bash", DOCKERS]);
    command
}

/// What starts a program beside the first process of a container, on one CPU, with more capabilities.
fn beside(workload: &Workload, more: &str) -> Command {
    let first = wait::soon(|| only_child(workload.pid()).expect("unshare runs")).expect("unshare has a child");
    let mut command = Command::new("nsenter");
    command.args(["--pid", "--mount", "--target", &first.to_string(), "--", "taskset", "--cpu-list", "0"]);
    command.arg("setpriv").arg(format!("--bounding-set={DOCKERS},{more}")).arg("--");
    command
}

#[test]
fn a_container_needs_two_more_capabilities_and_the_kernels_types() {
    let _machine = needs!(Root);
    for (more, hidden) in [("+bpf,+perfmon", &["descriptors"][..]), ("+bpf,+perfmon,+sys_ptrace", &[])] {
        let mut workload = Workload::start_by(container(), "count --threads 4 --calls 5000 --fail EBADF=7");
        let tracer = Tracer::start_by(beside(&workload, more), "sendfile", "--pid 1");
        let truth = workload.run();
        let outcome = tracer.stop();
        let seen = &outcome.recording;
        // Ids are those of the container.
        assert!(truth.threads.iter().all(|thread| thread.tid < 100), "{:?}", truth.threads);
        assert_eq!(seen.target.processes.iter().map(|process| process.pid).collect::<Vec<_>>(), [1]);
        assert_adds_up(seen.sendfile());
        assert_counts(seen.sendfile(), &truth);
        seen.assert_nothing_lost_but(&[lockdown::unavailable(), hidden].concat());
        // It is the same user's, but has more capabilities than tracer has kept.
        let says = outcome.stderr.contains("cannot look into process 1 (workload) without CAP_SYS_PTRACE;");
        assert_eq!(says, !hidden.is_empty(), "{}", outcome.stderr);
        let probe = seen.probes.iter().find(|probe| probe.name == "sendfile").expect("it is listed");
        assert!(["fentry", "tp_btf"].contains(&probe.mechanism.as_str()), "{probe:?}");
    }
}

#[test]
fn a_container_without_them_says_which() {
    let _machine = needs!(Root);
    let workload = Workload::start_by(container(), "count --threads 1 --calls 1");
    let mut command = beside(&workload, "+bpf");
    let output = command.arg(tests::tracer::binary()).args(["sendfile", "--pid", "1", "-d", "1"]).output();
    let output = output.expect("tracer runs");
    let said = tests::tracer::said(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("without CAP_PERFMON:") && said.lines().count() == 1, "{said}");
}
