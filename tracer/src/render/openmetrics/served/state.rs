//! How the exporter stands: what it measures, how well, what that costs, and the latest verdict.

use std::collections::BTreeMap;

use super::Served;
use crate::{
    analysis::so_far::Sums,
    model::{ProbeStatus, Recording, Role, Tool},
    render::openmetrics::{
        family::{
            Family,
            Kind::{Counter, Gauge},
            Number,
        },
        state,
    },
};

/// The exporter itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Own {
    /// CPU time that it has used, ns.
    pub cpu_ns: u64,
    /// Memory that it has in use, bytes.
    pub resident_bytes: u64,
    /// When it was started, Unix time, ns.
    pub started_ns: u64,
    /// When its figures are from, Unix time, ns.
    pub seen_ns: u64,
}

pub fn about(served: &Served<'_>, sums: &Sums) -> Vec<Family> {
    let mut families = vec![build(served.so_far.newest()), targets(served.targets)];
    families.extend(served.so_far.newest().map(threads));
    families.extend(windows(served));
    families.extend(served.so_far.latest().into_iter().flat_map(state::verdict));
    families.extend(probes(served.so_far.newest(), sums));
    families.push(state::losses(&sums.losses, Counter));
    families.extend(own(&served.own));
    families
}

fn build(newest: Option<&Recording>) -> Family {
    let mut family = Family::new("tracer_build_info", Gauge, "", "Always 1. Which tracer, on which kernel.");
    let host = newest.and_then(|recording| recording.hosts.first());
    let kernel = host.map_or("", |host| &host.kernel);
    let arch = host.map_or("", |host| &host.arch);
    let labels = [("version", &*Tool::this().version), ("kernel", kernel), ("arch", arch)];
    family.add(&labels, Number::count(1));
    family
}

fn targets(number: u64) -> Family {
    let mut family = Family::new("tracer_targets", Gauge, "", "Processes that are measured and live.");
    family.add(&[], Number::count(number));
    family
}

fn threads(recording: &Recording) -> Family {
    let mut family = Family::new(
        "tracer_threads",
        Gauge,
        "",
        "Threads that took part in the open window so far, or else in the latest, by role.",
    );
    let mut roles: BTreeMap<Role, u64> =
        [Role::EventLoop, Role::Poller, Role::Worker, Role::Unknown].map(|role| (role, 0)).into();
    recording.threads.iter().for_each(|row| *roles.entry(row.thread.role).or_default() += 1);
    for (role, number) in roles {
        family.add(&[("role", &role.label().replace(' ', "_"))], Number::count(number));
    }
    family
}

fn windows(served: &Served<'_>) -> Vec<Family> {
    let mut closed = Family::new("tracer_windows", Counter, "", "Windows that have closed.");
    closed.add(&[], Number::count(served.so_far.windows()));
    let mut unobserved = Family::new(
        "tracer_unobserved_seconds",
        Counter,
        "seconds",
        "Time between two windows, in which nothing was observed.",
    );
    unobserved.add(&[], Number::seconds(served.unobserved_ns));
    let mut across = Family::new(
        "tracer_calls_across_windows",
        Counter,
        "",
        "Calls that had begun in one window and not returned when it closed. They are in no other metric.",
    );
    across.add(&[], Number::count(served.so_far.across()));
    let mut seen =
        Family::new("tracer_observed_timestamp_seconds", Gauge, "seconds", "When the figures are from, Unix time.");
    seen.add(&[], Number::seconds(served.own.seen_ns / 1_000_000 * 1_000_000));
    let mut threshold = Family::new("tracer_threshold_seconds", Gauge, "seconds", "A call of at least this is slow.");
    threshold.add_known(&[], served.so_far.newest().map(|recording| Number::seconds(recording.threshold_ns)));
    vec![closed, unobserved, across, seen, threshold]
}

fn probes(newest: Option<&Recording>, sums: &Sums) -> [Family; 2] {
    let [mut attached, mut missed] = state::probe_families(Counter);
    let wanted = newest.into_iter().flat_map(|recording| &recording.probes);
    let mut seen = BTreeMap::new();
    for probe in wanted.filter(|probe| probe.status != ProbeStatus::Off) {
        let key = (probe.name.as_str(), probe.mechanism.label());
        seen.entry(key).or_insert(probe.status == ProbeStatus::Attached);
    }
    for ((probe, mechanism), is_attached) in seen {
        attached.add(&[("probe", probe), ("mechanism", mechanism)], Number::state(is_attached));
    }
    for ((probe, mechanism), number) in &sums.missed {
        missed.add_known(&[("probe", probe), ("mechanism", mechanism)], number.map(Number::count));
    }
    [attached, missed]
}

/// By the names that Prometheus' own libraries have for them.
fn own(own: &Own) -> [Family; 3] {
    let mut cpu = Family::new(
        "process_cpu_seconds",
        Counter,
        "seconds",
        "CPU time that tracer itself has used; not what the probes cost others.",
    );
    cpu.add(&[], Number::seconds(own.cpu_ns));
    let mut resident =
        Family::new("process_resident_memory_bytes", Gauge, "bytes", "Memory that tracer itself has in use.");
    resident.add(&[], Number::count(own.resident_bytes));
    let mut started =
        Family::new("process_start_time_seconds", Gauge, "seconds", "When tracer was started, Unix time.");
    started.add(&[], Number::seconds(own.started_ns));
    [cpu, resident, started]
}
