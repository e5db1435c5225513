//! What a measurement tells here: each part of the answer, and by what.

use super::{
    facts::Facts,
    report::{Finding, State},
};
use crate::{
    capabilities::Capability,
    model::{Mechanism, Probe, ProbeTrial, RungTrial},
    probe::{Object, survey::Survey},
};

/// The name of the probe that the main job is about.
const SENDFILE: &str = "sendfile";

/// Why the main job cannot be done; `None`: it can.
pub fn obstacle(probes: &[ProbeTrial]) -> Option<String> {
    let missing = [SENDFILE, Probe::DISK_WAITS].into_iter().find_map(|name| {
        let probe = probes.iter().find(|probe| probe.name == name);
        probe.is_none_or(|probe| !probe.holds()).then_some((name, probe))
    })?;
    let (name, probe) = missing;
    let rungs = probe.map_or(&[][..], |probe| &probe.rungs);
    let reasons: Vec<_> = rungs.iter().map(|rung| (rung.mechanism.label(), in_short(rung))).collect();
    let said = match reasons.as_slice() {
        // One for all.
        [(_, first), rest @ ..] if rest.iter().all(|(_, other)| other == first) => (*first).to_owned(),
        all => all.iter().map(|(label, reason)| format!("{label}: {reason}")).collect::<Vec<_>>().join("; "),
    };
    Some(format!("cannot observe {name}: {said}"))
}

/// Why a rung does not hold, in the fewest words that are known.
fn in_short(rung: &RungTrial) -> &str {
    let reason = rung.reason.as_deref().unwrap_or("refused");
    let is_plain = reason.starts_with("this kernel");
    let why = rung.why.as_deref().filter(|why| !is_plain && !why.starts_with("not known"));
    why.unwrap_or(reason)
}

/// All of them.
pub fn of(facts: &Facts, survey: &Survey) -> Vec<Finding> {
    let probe = |name: &str| survey.probes.iter().find(|probe| probe.name == name);
    let by_probe = |feature: &str, name: &str, without: &str| match probe(name).filter(|probe| probe.holds()) {
        Some(probe) => Finding::ok(feature, format!("by {}", probe.chosen.label())),
        None => missing(feature, &format!("no probe for {name}"), without),
    };
    let told = |feature: &str, refusal: &Option<String>, without: &str| match refusal {
        None => Finding::ok(feature, "told"),
        Some(reason) => missing(feature, reason, without),
    };
    let mut all = vec![
        by_probe("sendfile", SENDFILE, "tracer sendfile does not work"),
        by_probe("splice and its kin", "splice", "tracer splice does not work"),
        by_probe("reads", "reads", "tracer pagecache does not work"),
        by_probe("disk waits", Probe::DISK_WAITS, "no measurement can say who was blocked on disk"),
        by_probe("cold pages", Probe::PAGE_CACHE, "it is not told what came from disk"),
        by_probe("turns of loops", Probe::READINESS, "event loops are known only by where they sleep"),
        by_probe("children, names", Probe::TARGETS, "--follow, --comm and commands do not work"),
        told("calls in progress", &survey.no_task_list, "a thread that is stuck all along is not seen"),
        told("files, clients", &survey.no_culprits, "it is not told which file and whom a slow call was for"),
        told("who waits behind", &survey.no_behind, "the cost of a blocked loop is not told"),
    ];
    all.push(programs(survey));
    all.push(missed_events(survey));
    all.push(of_others(facts));
    all
}

fn missing(feature: &str, found: &str, without: &str) -> Finding {
    Finding::amiss(feature, State::Missing, found, without, "")
}

/// Which of the two objects there are.
fn programs(survey: &Survey) -> Finding {
    let found = survey.object.describe();
    match survey.object {
        Object::Typed => Finding::ok("programs", found),
        Object::Guarded => Finding::amiss(
            "programs",
            State::Limited,
            found,
            "each look into the kernel costs more, and of an epoll set at most 512 connections are looked at",
            "a kernel of 5.18 or later",
        ),
    }
}

/// Whether a measurement can say that nothing escaped it.
fn missed_events(survey: &Survey) -> Finding {
    let chosen = survey.probes.iter().filter(|probe| probe.holds());
    let silent: Vec<_> = chosen.filter(|probe| !tells_missed(probe)).map(|probe| probe.name.as_str()).collect();
    if silent.is_empty() {
        return Finding::ok("missed events", "told");
    }
    let found = format!("not told of {}", silent.join(", "));
    let why = "what a probe missed goes unnoticed";
    Finding::amiss("missed events", State::Limited, found, why, "Linux 6.7 tells it of every mechanism")
}

fn tells_missed(probe: &ProbeTrial) -> bool {
    let programs = probe.rung(probe.chosen).map_or(&[][..], |rung| &rung.programs);
    let is_told = programs.iter().all(|program| program.tells_missed == Some(true));
    is_told && probe.chosen != Mechanism::None
}

/// What /proc tells of processes of other users.
fn of_others(facts: &Facts) -> Finding {
    const NAME: &str = "others' processes";
    let has = |capability: Capability| facts.capabilities.is_some_and(|set| capability.is_in(set));
    if has(Capability::SysPtrace) && has(Capability::DacReadSearch) {
        return Finding::ok(NAME, "files and descriptors can be looked at");
    }
    Finding::amiss(
        NAME,
        State::Limited,
        "their mapped files and descriptors are closed to tracer",
        "names on stacks and how many descriptors a loop watches are told of own processes alone",
        "run tracer as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
    )
}
