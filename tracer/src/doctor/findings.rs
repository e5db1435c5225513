//! From facts to what they mean for tracer.

use super::{
    facts::{Facts, Tracefs},
    report::{Finding, State},
};
use crate::{
    capabilities::Capability,
    probe::{Lockdown, Preemption},
    units,
};

/// Frames that the maps of stacks have room for.
const FRAMES: i64 = 127;

/// From here on memory of eBPF is no longer counted against RLIMIT_MEMLOCK.
const WITHOUT_MEMLOCK: (u32, u32) = (5, 11);

/// `SECCOMP_MODE_FILTER`
const FILTER: u32 = 2;

/// All of them, in order.
pub fn of(facts: &Facts) -> Vec<Finding> {
    let mut all = vec![btf(facts), configuration(facts), lockdown(facts)];
    all.extend(capabilities(facts));
    all.extend(seccomp(facts));
    all.extend([
        jit(facts),
        preemption(facts),
        perf_events(facts),
        tracefs(facts),
        cgroups(facts),
        unprivileged(facts),
    ]);
    all.extend([kernel_names(facts), stack_depth(facts), pid_namespace(facts)]);
    all.extend(memlock(facts));
    all
}

fn btf(facts: &Facts) -> Finding {
    match facts.btf_bytes {
        Some(bytes) => Finding::ok("BTF", format!("/sys/kernel/btf/vmlinux, {}", units::bytes(bytes))),
        None => Finding::amiss(
            "BTF",
            State::Missing,
            "no /sys/kernel/btf/vmlinux",
            "tracer cannot know where this kernel keeps its members",
            "a kernel with CONFIG_DEBUG_INFO_BTF=y",
        ),
    }
}

fn configuration(facts: &Facts) -> Finding {
    match &facts.config {
        Some(config) => Finding::ok("configuration", config.source.clone()),
        None => Finding::amiss(
            "configuration",
            State::Unknown,
            "neither /proc/config.gz nor a file in /boot",
            "where a mechanism is refused, it cannot be told whether the kernel was built without it",
            "install the file /boot/config-* of the kernel's package",
        ),
    }
}

fn lockdown(facts: &Facts) -> Finding {
    match facts.lockdown {
        Some(Lockdown::None) => Finding::ok("lockdown", "none"),
        Some(Lockdown::Integrity) => Finding::ok("lockdown", "integrity, which refuses nothing that tracer needs"),
        Some(Lockdown::Confidentiality) => Finding::amiss(
            "lockdown",
            State::Limited,
            "confidentiality",
            "the kernel refuses classic tracepoints, breakpoints and bpf_probe_read_kernel",
            "boot with lockdown=integrity or lockdown=none",
        ),
        None => Finding::amiss(
            "lockdown",
            State::Unknown,
            "no /sys/kernel/security/lockdown",
            "what is refused for its sake cannot be told from other refusals",
            "mount -t securityfs nodev /sys/kernel/security",
        ),
    }
}

/// What is there, and a line for each that is missing.
fn capabilities(facts: &Facts) -> Vec<Finding> {
    let Some(set) = facts.capabilities else {
        return vec![Finding::amiss("capabilities", State::Unknown, "no /proc/self/status", "mount /proc", "")];
    };
    let (there, missing): (Vec<_>, Vec<_>) = Capability::ALL.into_iter().partition(|capability| capability.is_in(set));
    let names: Vec<_> = there.iter().map(|capability| capability.name()).collect();
    let list = if names.is_empty() { "none that tracer makes use of".to_owned() } else { names.join(" ") };
    let of_missing = missing.into_iter().map(|capability| {
        let state = if capability.is_needed() { State::Missing } else { State::Limited };
        let remedy = format!("run tracer as root, or with {}", capability.name());
        Finding::amiss("capabilities", state, format!("no {}", capability.name()), capability.without(), &remedy)
    });
    let there = (!names.is_empty()).then(|| Finding::ok("capabilities", list));
    there.into_iter().chain(of_missing).collect()
}

fn seccomp(facts: &Facts) -> Option<Finding> {
    (facts.seccomp == Some(FILTER)).then(|| {
        Finding::amiss(
            "seccomp",
            State::Limited,
            "a filter decides which system calls tracer may make",
            "most filters of containers refuse bpf(2) and perf_event_open(2)",
            "let the container make them (Docker: --security-opt seccomp=unconfined)",
        )
    })
}

fn jit(facts: &Facts) -> Finding {
    match facts.bpf_jit_enable {
        Some(0) => Finding::amiss(
            "JIT",
            State::Limited,
            "off",
            "the kernel interprets each probe, which costs several times as much",
            "sysctl net.core.bpf_jit_enable=1",
        ),
        Some(_) => Finding::ok("JIT", "on"),
        None => Finding::amiss("JIT", State::Unknown, "no net.core.bpf_jit_enable", "probes may be interpreted", ""),
    }
}

fn preemption(facts: &Facts) -> Finding {
    const NAME: &str = "preemption";
    const WHY: &str =
        "a trampoline may be interrupted, so tracer takes mechanisms first that cost other system calls more";
    const REMEDY: &str = "boot with preempt=voluntary";
    match facts.preemption {
        Some(Preemption::Offered) => Finding::ok(NAME, "only where the kernel offers it"),
        Some(Preemption::Anywhere) => Finding::amiss(NAME, State::Limited, "anywhere in the kernel", WHY, REMEDY),
        None => Finding::amiss(NAME, State::Unknown, "the kernel does not say", WHY, REMEDY),
    }
}

fn perf_events(facts: &Facts) -> Finding {
    const NAME: &str = "perf events";
    let is_admin = facts.capabilities.is_some_and(|set| Capability::SysAdmin.is_in(set));
    match facts.perf_event_paranoid {
        // Debian's kernels refuse even CAP_PERFMON from 3 on.
        Some(level) if level > 2 && !is_admin => Finding::amiss(
            NAME,
            State::Limited,
            format!("kernel.perf_event_paranoid is {level}"),
            "the kernel may refuse classic tracepoints and breakpoints to everybody but root",
            "sysctl kernel.perf_event_paranoid=2, or run tracer as root",
        ),
        Some(level) => Finding::ok(NAME, format!("kernel.perf_event_paranoid is {level}")),
        None => Finding::amiss(
            NAME,
            State::Limited,
            "this kernel has no perf events",
            "there are no classic tracepoints and breakpoints",
            "a kernel with CONFIG_PERF_EVENTS=y",
        ),
    }
}

fn tracefs(facts: &Facts) -> Finding {
    let is_admin = facts.capabilities.is_some_and(|set| Capability::SysAdmin.is_in(set));
    let why = "classic tracepoints cannot be found";
    match &facts.tracefs {
        Tracefs::At(place) => Finding::ok("tracefs", place.clone()),
        Tracefs::NotMounted if is_admin => {
            Finding::ok("tracefs", "not mounted; tracer mounts it for itself, where nobody else sees it")
        }
        Tracefs::NotMounted => {
            Finding::amiss("tracefs", State::Limited, "not mounted", why, "mount -t tracefs nodev /sys/kernel/tracing")
        }
        Tracefs::Closed(place) => Finding::amiss(
            "tracefs",
            State::Limited,
            format!("{place}, not readable"),
            why,
            "run tracer with CAP_DAC_READ_SEARCH, or mount it for a group (gid=, mode=750)",
        ),
    }
}

fn cgroups(facts: &Facts) -> Finding {
    let words = match facts.cgroups {
        Some((false, true)) => "version 2",
        Some((true, true)) => "versions 1 and 2 (hybrid)",
        Some((true, false)) => "version 1",
        Some((false, false)) => {
            let (why, remedy) = ("there is nothing to name with --cgroup and --unit", "mount -t cgroup2");
            return Finding::amiss("cgroups", State::Limited, "none is mounted", why, remedy);
        }
        None => return Finding::amiss("cgroups", State::Unknown, "no /proc/self/mountinfo", "mount /proc", ""),
    };
    Finding::ok("cgroups", words)
}

/// Nothing that tracer needs: it says who else may load programs.
fn unprivileged(facts: &Facts) -> Finding {
    let words = match facts.unprivileged_bpf_disabled {
        Some(0) => "allowed to everybody",
        Some(_) => "for the privileged alone, as tracer needs it",
        None => "not told (no kernel.unprivileged_bpf_disabled)",
    };
    Finding::ok("eBPF", words)
}

fn kernel_names(facts: &Facts) -> Finding {
    const NAME: &str = "kernel names";
    let has_syslog = facts.capabilities.is_some_and(|set| Capability::Syslog.is_in(set));
    let hidden = |level, remedy| {
        let found = format!("hidden: kernel.kptr_restrict is {level}");
        Finding::amiss(NAME, State::Limited, found, "functions of the kernel have no names on stacks", remedy)
    };
    match facts.kptr_restrict {
        Some(level) if level > 1 => hidden(level, "sysctl kernel.kptr_restrict=1"),
        Some(1) if !has_syslog => hidden(1, "run tracer with CAP_SYSLOG"),
        Some(_) => Finding::ok(NAME, "readable"),
        None => Finding::amiss(NAME, State::Unknown, "no kernel.kptr_restrict", "names on stacks may be missing", ""),
    }
}

fn stack_depth(facts: &Facts) -> Finding {
    const NAME: &str = "stack depth";
    match facts.perf_event_max_stack {
        Some(frames) if frames < FRAMES => Finding::amiss(
            NAME,
            State::Missing,
            format!("{frames} frames"),
            "the kernel makes no maps for stacks, so nothing can be measured",
            "sysctl kernel.perf_event_max_stack=127",
        ),
        Some(frames) => Finding::ok(NAME, format!("{frames} frames")),
        None => Finding::ok(NAME, "not told (no kernel.perf_event_max_stack)"),
    }
}

fn pid_namespace(facts: &Facts) -> Finding {
    const NAME: &str = "pid namespace";
    match facts.pid_namespace {
        None => Finding::ok(NAME, "the first one: ids are the kernel's own"),
        Some(_) => Finding::ok(NAME, "an inner one: ids are its own, and only its processes are seen"),
    }
}

/// Where the limit still counts, and is a low one.
fn memlock(facts: &Facts) -> Option<Finding> {
    const ENOUGH: u64 = 64 << 20;
    facts.version.filter(|&version| version < WITHOUT_MEMLOCK)?;
    let limit = facts.memlock.flatten().filter(|&limit| limit < ENOUGH)?;
    let why = "this kernel counts maps against it, and may refuse them";
    let found = units::bytes(limit);
    Some(Finding::amiss("locked memory", State::Limited, found, why, "ulimit -l unlimited, or CAP_SYS_RESOURCE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(facts: &Facts, name: &str) -> Vec<State> {
        of(facts).into_iter().filter(|finding| finding.name == name).map(|finding| finding.state).collect()
    }

    #[test]
    fn what_the_host_does_not_tell_is_unknown() {
        let nothing = Facts::default();
        for name in ["lockdown", "capabilities", "cgroups", "configuration", "JIT", "kernel names"] {
            assert_eq!(states(&nothing, name), [State::Unknown], "{name}");
        }
    }

    #[test]
    fn a_missing_capability_has_a_line_that_says_what_it_gives() {
        let set = Capability::Bpf.set() | Capability::SysPtrace.set();
        let facts = Facts { capabilities: Some(set), ..Facts::default() };
        let lines: Vec<_> = of(&facts).into_iter().filter(|finding| finding.name == "capabilities").collect();
        let said: Vec<_> = lines.iter().map(|line| (line.state, line.found.as_str())).collect();
        let expected = [
            (State::Ok, "CAP_BPF CAP_SYS_PTRACE"),
            (State::Missing, "no CAP_PERFMON"),
            (State::Limited, "no CAP_DAC_READ_SEARCH"),
            (State::Limited, "no CAP_SYSLOG"),
            (State::Limited, "no CAP_CHECKPOINT_RESTORE"),
            (State::Limited, "no CAP_SYS_ADMIN"),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_amiss_says_how_to_get_it() {
        let facts = Facts {
            bpf_jit_enable: Some(0),
            perf_event_max_stack: Some(64),
            kptr_restrict: Some(2),
            perf_event_paranoid: Some(3),
            memlock: Some(Some(65_536)),
            version: Some((5, 10)),
            lockdown: Some(Lockdown::Confidentiality),
            cgroups: Some((false, false)),
            seccomp: Some(2),
            ..Facts::default()
        };
        let amiss = of(&facts).into_iter().filter(|finding| matches!(finding.state, State::Limited | State::Missing));
        for finding in amiss {
            assert!(finding.why.is_some() && finding.remedy.is_some(), "{finding:?}");
        }
    }
}
