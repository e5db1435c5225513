//! Why a rung does not hold, as far as the facts tell, and how to get it. A configuration that lacks it comes first: then
//! nothing else is to blame.

use super::facts::{Facts, Tracefs};
use crate::{
    model::{Mechanism, ProbeTrial},
    probe::Lockdown,
};

/// What the mechanisms are built from, without `CONFIG_`.
const TRAMPOLINES: &[&str] =
    &["BPF_JIT", "FUNCTION_TRACER", "DYNAMIC_FTRACE", "DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "DEBUG_INFO_BTF"];
const BREAKPOINTS: &[&str] = &["PERF_EVENTS", "KPROBES", "KPROBE_EVENTS"];
const TRACEPOINTS: &[&str] = &["PERF_EVENTS", "FTRACE_SYSCALLS"];
const TYPED_TRACEPOINTS: &[&str] = &["BPF_SYSCALL", "DEBUG_INFO_BTF"];

/// Writes into each rung that does not hold why, and how to get it.
pub fn explain(probe: &mut ProbeTrial, facts: &Facts) {
    for rung in probe.rungs.iter_mut().filter(|rung| !rung.holds) {
        let reason = rung.reason.as_deref().unwrap_or_default();
        let cause = cause(rung.mechanism, reason, facts);
        (rung.why, rung.remedy) = (Some(cause.why), cause.remedy);
    }
}

struct Cause {
    why: String,
    remedy: Option<String>,
}

impl Cause {
    fn new(why: &str, remedy: &str) -> Self {
        Self { why: why.into(), remedy: Some(remedy.into()) }
    }
}

fn cause(mechanism: Mechanism, reason: &str, facts: &Facts) -> Cause {
    if reason.contains("BTF has no ") || reason.starts_with("this kernel has no ") {
        return Cause { why: "this kernel's structures are not those that tracer knows".into(), remedy: None };
    }
    let options = match mechanism {
        Mechanism::Fentry => TRAMPOLINES,
        Mechanism::Kprobe => BREAKPOINTS,
        Mechanism::Tracepoint => TRACEPOINTS,
        _ => TYPED_TRACEPOINTS,
    };
    if let Some(option) = facts.config.as_ref().and_then(|config| config.lacks(options)) {
        return without(option);
    }
    if mechanism == Mechanism::Kprobe && !facts.has_kprobe_events {
        // Its event source is there with the option, whatever else is refused.
        return without("KPROBE_EVENTS");
    }
    let by_perf_event = matches!(mechanism, Mechanism::Kprobe | Mechanism::Tracepoint);
    if by_perf_event && facts.lockdown == Some(Lockdown::Confidentiality) {
        let why = "lockdown is in the mode confidentiality, which refuses it";
        return Cause::new(why, "boot with lockdown=integrity or lockdown=none");
    }
    if mechanism == Mechanism::Tracepoint && !matches!(facts.tracefs, Tracefs::At(_)) {
        return Cause::new("tracefs cannot be seen", "mount -t tracefs nodev /sys/kernel/tracing");
    }
    if facts.seccomp == Some(2) && is_refusal(reason) {
        let why = "a seccomp filter is in force, which may refuse it";
        return Cause::new(why, "let the container make bpf(2) and perf_event_open(2)");
    }
    if by_perf_event && facts.perf_event_paranoid.is_some_and(|level| level > 2) && is_refusal(reason) {
        let why = "kernel.perf_event_paranoid is above 2";
        return Cause::new(why, "sysctl kernel.perf_event_paranoid=2, or run tracer as root");
    }
    let why = match (facts.config.is_some(), is_refusal(reason)) {
        (true, true) => "not known: its configuration has all that it takes, and the kernel does not say more",
        (false, _) => "not known: the kernel does not show its configuration",
        (true, false) => "not known: its configuration has all that it takes",
    };
    Cause { why: why.into(), remedy: None }
}

/// Whether somebody was not allowed to, EPERM or EACCES.
fn is_refusal(reason: &str) -> bool {
    ["(os error 1)", "(os error 13)"].iter().any(|error| reason.contains(error))
}

fn without(option: &str) -> Cause {
    Cause {
        why: format!("this kernel is built without CONFIG_{option}"),
        remedy: Some(format!("a kernel with CONFIG_{option}=y")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::KernelConfig;

    const EPERM: &str = "cannot load fexit_sendfile: the kernel refuses it: Operation not permitted (os error 1)";

    fn why(mechanism: Mechanism, reason: &str, facts: &Facts) -> String {
        cause(mechanism, reason, facts).why
    }

    fn config(without: &str) -> Option<KernelConfig> {
        let options = TRAMPOLINES.iter().chain(BREAKPOINTS).chain(TRACEPOINTS).chain(TYPED_TRACEPOINTS);
        let lines = options.filter(|option| **option != without).map(|option| format!("CONFIG_{option}=y\n"));
        Some(KernelConfig::parse("a test", &lines.collect::<String>()))
    }

    #[test]
    fn a_configuration_that_lacks_it_is_named_and_lockdown_is_not() {
        let all = [Mechanism::Fentry, Mechanism::Kprobe, Mechanism::Tracepoint, Mechanism::TpBtf];
        let lacking = ["DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "KPROBES", "FTRACE_SYSCALLS", "DEBUG_INFO_BTF"];
        for (mechanism, option) in all.into_iter().zip(lacking) {
            let lockdown = Some(Lockdown::Confidentiality);
            let facts = Facts { config: config(option), lockdown, has_kprobe_events: true, ..Facts::default() };
            assert_eq!(why(mechanism, EPERM, &facts), format!("this kernel is built without CONFIG_{option}"));
        }
        let facts = Facts { lockdown: Some(Lockdown::Confidentiality), ..Facts::default() };
        assert!(why(Mechanism::Kprobe, EPERM, &facts).contains("CONFIG_KPROBE_EVENTS"));
    }

    #[test]
    fn lockdown_is_named_where_it_refuses_and_nothing_else_is_missing() {
        let facts = Facts { config: config(""), has_kprobe_events: true, ..Facts::default() };
        let confidential = Facts { lockdown: Some(Lockdown::Confidentiality), ..facts.clone() };
        assert!(why(Mechanism::Kprobe, EPERM, &confidential).starts_with("lockdown is in the mode confidentiality"));
        // The other mechanisms work in all modes, and the other modes refuse nothing.
        assert!(why(Mechanism::Fentry, EPERM, &confidential).starts_with("not known"));
        let open = Facts { lockdown: Some(Lockdown::Integrity), tracefs: Tracefs::At("/t".into()), ..facts };
        for mechanism in [Mechanism::Fentry, Mechanism::Kprobe, Mechanism::Tracepoint, Mechanism::TpBtf] {
            let why = why(mechanism, EPERM, &open);
            assert!(why.starts_with("not known") && !why.contains("lockdown"), "{why}");
        }
    }

    #[test]
    fn what_keeps_tracepoints_away_is_named() {
        let facts = Facts { config: config(""), tracefs: Tracefs::At("/t".into()), ..Facts::default() };
        let paranoid = Facts { perf_event_paranoid: Some(3), ..facts.clone() };
        assert!(why(Mechanism::Tracepoint, EPERM, &paranoid).contains("perf_event_paranoid"));
        assert!(why(Mechanism::TpBtf, EPERM, &paranoid).starts_with("not known"));
        let unmounted = Facts { tracefs: Tracefs::NotMounted, ..facts.clone() };
        assert!(why(Mechanism::Tracepoint, "", &unmounted).contains("tracefs"));
        let filtered = Facts { seccomp: Some(2), ..facts };
        assert!(why(Mechanism::TpBtf, EPERM, &filtered).contains("seccomp"));
        assert!(why(Mechanism::TpBtf, "this kernel's BTF has no a.b", &filtered).contains("structures"));
    }
}
