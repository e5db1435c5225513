//! What doctor says of other kernels and callers, letter for letter; `UPDATE_GOLDEN=1 cargo test -p tests --test golden doctor`
//! writes it anew.

use rustix::thread::CapabilitySet;
use tests::golden::assert_files;
use tracer::{
    doctor::{DoctorReport, Facts, Tracefs, report},
    gate::outcome::Outcome,
    model::{Host, Mechanism, ProbeTrial, ProgramTrial, RungTrial},
    probe::{KernelConfig, Lockdown, Object, Preemption, survey::Survey},
    render::{self, Style},
    self_test::{CallCost, Check, Cost, SelfTest, Unit},
};

use Mechanism::{Fentry, Kprobe, TpBtf, Tracepoint};

/// The ladder: what is observed, and how.
const LADDER: [(&str, &[Mechanism]); 7] = [
    ("sendfile", &[Fentry, Tracepoint, Kprobe, TpBtf]),
    ("splice", &[Fentry, Tracepoint, Kprobe, TpBtf]),
    ("reads", &[Fentry, Tracepoint, Kprobe, TpBtf]),
    ("disk waits", &[TpBtf]),
    ("page cache", &[TpBtf, Tracepoint]),
    ("readiness", &[Fentry, Tracepoint, TpBtf]),
    ("targets", &[TpBtf]),
];

/// All that the kernel can be built with.
const CONFIG: [&str; 10] = [
    "BPF_SYSCALL",
    "BPF_JIT",
    "DEBUG_INFO_BTF",
    "PERF_EVENTS",
    "FTRACE_SYSCALLS",
    "FUNCTION_TRACER",
    "DYNAMIC_FTRACE",
    "DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
    "KPROBES",
    "KPROBE_EVENTS",
];

fn host(kernel: &str) -> Host {
    Host { hostname: "web-1".into(), kernel: kernel.into(), arch: "x86_64".into(), cpus: 8, boot_id: "a-boot".into() }
}

fn config(without: &str) -> Option<KernelConfig> {
    let options = CONFIG.iter().filter(|option| !without.split(' ').any(|other| other == **option));
    let text = options.map(|option| format!("CONFIG_{option}=y\n")).collect::<String>();
    Some(KernelConfig::parse("/boot/config-6.12.107+deb13-amd64", &text))
}

/// A server whose kernel allows everything, and root.
fn open() -> Facts {
    Facts {
        btf_bytes: Some(6_412_345),
        lockdown: Some(Lockdown::None),
        capabilities: Some(CapabilitySet::from_bits_retain(u64::MAX >> 23)),
        seccomp: Some(0),
        cgroups: Some((false, true)),
        tracefs: Tracefs::At("/sys/kernel/tracing".into()),
        unprivileged_bpf_disabled: Some(2),
        bpf_jit_enable: Some(1),
        perf_event_paranoid: Some(2),
        perf_event_max_stack: Some(127),
        kptr_restrict: Some(0),
        memlock: Some(None),
        version: Some((6, 12)),
        pid_namespace: None,
        has_kprobe_events: true,
        preemption: Some(Preemption::Offered),
        config: config(""),
    }
}

/// What came of the ladder, where `refusal` says why a mechanism is refused.
fn survey(refusal: impl Fn(Mechanism) -> Option<&'static str>) -> Survey {
    let probes = LADDER.map(|(name, mechanisms)| {
        let rungs: Vec<_> = mechanisms.iter().map(|&mechanism| rung(name, mechanism, refusal(mechanism))).collect();
        let chosen = rungs.iter().find(|rung| rung.holds).map_or(Mechanism::None, |rung| rung.mechanism);
        ProbeTrial { name: name.into(), chosen, rungs }
    });
    Survey { probes: probes.into(), object: Object::Typed, no_culprits: None, no_behind: None, no_task_list: None }
}

fn rung(probe: &str, mechanism: Mechanism, refusal: Option<&str>) -> RungTrial {
    let holds = refusal.is_none();
    let program = ProgramTrial {
        name: format!("{}_{}", mechanism.label(), probe.replace(' ', "_")),
        verified_instructions: holds.then_some(12_345),
        tells_missed: holds.then_some(true),
    };
    RungTrial {
        mechanism,
        holds,
        fired: holds.then_some(true),
        reason: refusal.map(Into::into),
        why: None,
        remedy: None,
        verifier: None,
        programs: vec![program],
    }
}

/// A kernel without functions to hang on, and one figure wrong.
fn wrong() -> DoctorReport {
    let refused = "cannot load fexit_sendfile: the kernel refuses it: Unknown error 524 (os error 524)";
    let facts = Facts { config: config("FUNCTION_TRACER"), ..open() };
    let mut report =
        report(host("6.12.107+deb13-amd64"), &facts, Ok(survey(|mechanism| (mechanism == Fentry).then_some(refused))));
    let check = |about: &str, name: &str, known, found| Check {
        about: about.into(),
        name: name.into(),
        unit: None,
        known,
        found,
        allowed: None,
        outcome: if found == Some(known) { Outcome::Pass } else { Outcome::Fail },
        why: None,
    };
    let asleep = Check {
        unit: Some(Unit::Ns),
        allowed: Some(10_000_000),
        outcome: Outcome::Pass,
        ..check("causes", "asleep there", 40_812_345, Some(40_345_678))
    };
    let bytes = Check { unit: Some(Unit::Bytes), ..check("counts", "bytes sent", 26_000_000, Some(26_000_000)) };
    let cold = Check {
        outcome: Outcome::Inconclusive,
        why: Some("/mnt\x1b[31m: a file system in memory: nothing there is ever cold".into()),
        ..check("cold pages", "sendfile brought in", 200, Some(0))
    };
    report.self_test = Some(SelfTest {
        outcome: Outcome::Fail,
        directory: "/var/tmp".into(),
        checks: vec![
            check("counts", "sendfile calls", 6_459, Some(6_202)),
            bytes,
            asleep,
            cold,
            check("turns", "waits of the event loop", 200, None),
        ],
        cost: Cost {
            mechanism: Tracepoint,
            rounds: 5,
            sendfile: CallCost { without_ns: 433, with_ns: 637, added_ns: 225, added_min_ns: 197, added_max_ns: 751 },
            getppid: CallCost { without_ns: 205, with_ns: 203, added_ns: -2, added_min_ns: -15, added_max_ns: 64 },
        },
    });
    report
}

/// Everything works.
fn all() -> DoctorReport {
    report(host("6.12.107+deb13-amd64"), &open(), Ok(survey(|_| None)))
}

/// A kernel that keeps its memory to itself.
fn confidential() -> DoctorReport {
    let no_reads = "the kernel refuses bpf_probe_read_kernel, as it does where it keeps its memory confidential";
    let refusal = |mechanism| match mechanism {
        Tracepoint => Some("a kernel that keeps its memory confidential shows no tracepoints"),
        Kprobe => Some("cannot attach to __x64_sys_sendfile64: Operation not permitted (os error 1)"),
        _ => None,
    };
    let survey = Survey { no_culprits: Some(no_reads.into()), no_behind: Some(no_reads.into()), ..survey(refusal) };
    let facts = Facts { lockdown: Some(Lockdown::Confidentiality), tracefs: Tracefs::NotMounted, ..open() };
    report(host("6.12.107+deb13-amd64"), &facts, Ok(survey))
}

/// An old kernel, which lacks what the probes read.
fn old() -> DoctorReport {
    let facts = Facts {
        version: Some((5, 10)),
        memlock: Some(Some(65_536)),
        bpf_jit_enable: Some(0),
        kptr_restrict: Some(2),
        cgroups: Some((true, false)),
        config: None,
        lockdown: None,
        ..open()
    };
    let lacks = |_| Some("this kernel's BTF has no task_struct.__state");
    report(host("5.10.0-32-amd64"), &facts, Ok(Survey { object: Object::Guarded, ..survey(lacks) }))
}

/// Somebody in a container.
fn contained() -> DoctorReport {
    let facts = Facts {
        capabilities: Some(CapabilitySet::BPF),
        seccomp: Some(2),
        perf_event_paranoid: Some(3),
        tracefs: Tracefs::Closed("/sys/kernel/tracing".into()),
        pid_namespace: Some(4_026_532_567),
        ..open()
    };
    let reason = "cannot load eBPF programs without CAP_PERFMON: run tracer as root, for instance through sudo";
    report(host("6.12.107+deb13-amd64"), &facts, Err(reason.into()))
}

#[test]
fn each_host_gives_its_report() {
    let style = |width, color| Style { width, color, ..Style::default() };
    let tables = [
        ("all.txt", all(), style(100, false)),
        ("wrong.txt", wrong(), style(100, false)),
        ("wrong.80.txt", wrong(), style(80, false)),
        ("wrong.color.txt", wrong(), style(120, true)),
        ("confidential.txt", confidential(), style(120, false)),
        ("old.txt", old(), style(80, false)),
        ("contained.txt", contained(), style(80, false)),
    ];
    let documents = [("wrong.json", wrong()), ("contained.json", contained())];
    let tables = tables.map(|(name, report, style)| (name.to_owned(), render::doctor::table(&report, &style)));
    let documents = documents.map(|(name, report)| (name.to_owned(), render::doctor::json(&report)));
    assert_files("doctor", tables.into_iter().chain(documents));
}

#[test]
fn reports_keep_within_their_width_and_their_terminal() {
    for report in [all(), wrong(), confidential(), old(), contained()] {
        for width in [80, 100, 120] {
            let table = render::doctor::table(&report, &Style { width, ..Style::default() });
            assert!(table.lines().all(|line| line.chars().count() <= width), "{width}:\n{table}");
            assert!(!table.contains('\x1b'), "{table}");
        }
    }
}

#[test]
fn a_report_comes_back_from_its_json() {
    for report in [all(), wrong(), confidential(), old(), contained()] {
        let back: DoctorReport = serde_json::from_str(&render::doctor::json(&report)).expect("a report");
        assert_eq!(back, report);
    }
}
