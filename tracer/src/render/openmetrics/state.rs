//! What was measured, how well, and the verdict.

use super::family::{
    Family,
    Kind::{self, Gauge},
    Number,
};
use crate::{
    model::{Losses, ProbeStatus, Recording, Status},
    render::{facts, observation::kinds_of_loss},
};

pub fn families(recording: &Recording) -> Vec<Family> {
    let mut families = vec![about(recording)];
    families.extend(window(recording));
    families.extend(verdict(recording));
    families.extend(probes(recording));
    families.push(losses(&recording.losses, Gauge));
    families
}

fn about(recording: &Recording) -> Family {
    let mut family = Family::new(
        "tracer_recording_info",
        Gauge,
        "",
        "Always 1. Whom was measured where, by which version. Threads, files, clients, slow calls, intervals and labels \
         are in the JSON alone.",
    );
    let hosts: Vec<_> = recording.hosts.iter().map(|host| host.hostname.as_str()).collect();
    let kernels: Vec<_> = recording.hosts.iter().map(|host| host.kernel.as_str()).collect();
    let labels = [
        ("version", recording.tool.version.as_str()),
        ("host", &hosts.join(",")),
        ("kernel", &kernels.join(",")),
        ("target", &recording.target.selector),
    ];
    family.add(&labels, Number::count(1));
    family
}

fn window(recording: &Recording) -> [Family; 4] {
    let mut start = Family::new(
        "tracer_window_start_timestamp_seconds",
        Gauge,
        "seconds",
        "When the window opened, Unix time to a millisecond.",
    );
    let milliseconds = u64::try_from(recording.window.start.as_millisecond()).ok();
    start.add_known(&[], milliseconds.map(|ms| Number::seconds(ms.saturating_mul(1_000_000))));
    let mut length = Family::new("tracer_window_seconds", Gauge, "seconds", "How long the window was.");
    length.add(&[], Number::seconds(recording.window.duration_ns));
    let mut threshold = Family::new("tracer_threshold_seconds", Gauge, "seconds", "A call of at least this is slow.");
    threshold.add(&[], Number::seconds(recording.threshold_ns));
    let mut share = Family::new(
        "tracer_blocked_share_ratio",
        Gauge,
        "ratio",
        "Share of the window from which on an event loop's disk waits make it blocked.",
    );
    share.add(&[], Number::ratio(recording.blocked_share));
    [start, length, threshold, share]
}

pub fn verdict(recording: &Recording) -> [Family; 3] {
    let mut verdict = Family::new(
        "tracer_verdict",
        Gauge,
        "",
        "1 for the verdict on whether an event loop was blocked on disk. With inconclusive, the figures say nothing \
         about it.",
    );
    for (status, name) in
        [(Status::Blocked, "blocked"), (Status::Clear, "clear"), (Status::Inconclusive, "inconclusive")]
    {
        verdict.add(&[("status", name)], Number::state(recording.verdict.status == status));
    }
    let mut loops = Family::new("tracer_event_loops", Gauge, "", "Event loops of the target.");
    loops.add(&[], Number::count(facts::event_loops(recording) as u64));
    let mut blocked = Family::new(
        "tracer_blocked_event_loops",
        Gauge,
        "",
        "Event loops that were blocked on disk. Absent if that is not known.",
    );
    let is_known = recording.verdict.status != Status::Inconclusive;
    blocked.add_known(&[], is_known.then(|| Number::count(recording.verdict.threads.len() as u64)));
    [verdict, loops, blocked]
}

/// What probes are there, and what they missed, as `kind`: a state, or something that only grows.
pub fn probe_families(kind: Kind) -> [Family; 2] {
    let attached = Family::new(
        "tracer_probe_attached",
        Gauge,
        "",
        "Whether a thing was observed. Metrics that rest on one that was not are absent.",
    );
    let missed = Family::new(
        "tracer_probe_missed_events",
        kind,
        "",
        "Events that the kernel says its programs missed. Absent where it does not tell.",
    );
    [attached, missed]
}

fn probes(recording: &Recording) -> [Family; 2] {
    let [mut attached, mut missed] = probe_families(Gauge);
    let mut seen = Vec::new();
    for probe in recording.probes.iter().filter(|probe| probe.status != ProbeStatus::Off) {
        // Twice the same labels would be refused.
        if seen.contains(&&probe.name) {
            continue;
        }
        seen.push(&probe.name);
        let labels = [("probe", probe.name.as_str()), ("mechanism", probe.mechanism.label())];
        let is_attached = probe.status == ProbeStatus::Attached;
        attached.add(&labels, Number::state(is_attached));
        missed.add_known(&labels, probe.missed.filter(|_| is_attached).map(Number::count));
    }
    [attached, missed]
}

/// What was lost, as `kind`: a state, or something that only grows.
pub fn losses(losses: &Losses, kind: Kind) -> Family {
    let mut family =
        Family::new("tracer_losses", kind, "", "What could not be counted, by kind. All 0: nothing was lost.");
    for loss in kinds_of_loss(losses) {
        family.add_known(&[("kind", loss.key)], loss.number.map(Number::count));
    }
    family
}
