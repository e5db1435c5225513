//! Can these runs be compared at all, and what should be known before their difference is believed?

use std::collections::BTreeSet;

use super::{
    figures::{Run, Subject},
    hodges_lehmann::median,
};
use crate::{model::Recording, units};

/// Loads that differ by more than this are told.
const LOAD_APART: f64 = 0.2;

/// Why runs cannot be compared: one sentence that names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

/// Refuses runs whose figures do not mean the same, or are not whole. `Ok` if all can be compared.
///
/// # Errors
/// What is in the way, of the first pair where something is.
pub fn check(old: &[Run<'_>], new: &[Run<'_>]) -> Result<(), Refusal> {
    let runs: Vec<_> = old.iter().chain(new).collect();
    for run in &runs {
        if let Some(why) = not_whole(run.recording) {
            return Err(Refusal(format!("{} {why}", run.name)));
        }
    }
    for side in [old, new] {
        for (place, run) in side.iter().enumerate() {
            if let Some(same) = side[..place].iter().find(|other| is_same(other.recording, run.recording)) {
                return Err(Refusal(format!(
                    "{} and {} are the same run: a run counts once on its side",
                    same.name, run.name
                )));
            }
        }
    }
    let Some((first, others)) = runs.split_first() else { return Ok(()) };
    for other in others {
        if let Some(why) = difference(first.recording, other.recording) {
            return Err(Refusal(format!("{} and {}: {why}", first.name, other.name)));
        }
    }
    Ok(())
}

/// Why the figures of a recording are not those of one whole run.
fn not_whole(recording: &Recording) -> Option<String> {
    if recording.runs.len() > 1 {
        let runs = recording.runs.len();
        return Some(format!("holds {runs} merged runs, and how they scatter is lost: name the runs themselves"));
    }
    let losses = &recording.losses;
    // Records of slow calls are not among them: the counts and sums are those of all calls.
    let lost = [
        (losses.threads_dropped, "threads found no room (--max-threads)"),
        (losses.processes_dropped.unwrap_or(0), "processes found no room"),
        (losses.calls_uncounted, "calls were not counted"),
        (losses.parts_clamped, "times were cut"),
    ];
    if let Some((number, what)) = lost.iter().find(|(number, _)| *number > 0) {
        return Some(format!("is lossy, {} {what}: measure again", units::count(*number)));
    }
    let missed = recording.probes.iter().find(|probe| probe.missed.is_some_and(|missed| missed > 0))?;
    Some(format!("is lossy, the kernel skipped its probe of {} at times: measure again", missed.name))
}

/// Whether both are the same measurement, whatever their files are called.
fn is_same(one: &Recording, other: &Recording) -> bool {
    let boots = |recording: &Recording| recording.hosts.iter().map(|host| host.boot_id.clone()).collect::<Vec<_>>();
    one.window == other.window
        && one.target == other.target
        && boots(one) == boots(other)
        && one.syscalls == other.syscalls
}

/// Why figures of these two do not mean the same.
fn difference(one: &Recording, other: &Recording) -> Option<String> {
    if one.threshold_ns != other.threshold_ns {
        let [one, other] = [one, other].map(|recording| units::setting(recording.threshold_ns));
        return Some(format!("their thresholds differ ({one}, {other}): measure both with the same --threshold"));
    }
    let [families, other_families] = [one, other].map(|recording| {
        Subject::all(recording).iter().map(|subject| subject.name().to_owned()).collect::<BTreeSet<_>>()
    });
    if families != other_families {
        let [one, other] =
            [families, other_families].map(|families| families.into_iter().collect::<Vec<_>>().join(" + "));
        return Some(format!("they are of different families of calls ({one}; {other})"));
    }
    let [probes, other_probes] = [one, other].map(|recording| {
        let probes = recording.probes.iter();
        probes
            .map(|probe| (probe.name.clone(), probe.mechanism.label(), format!("{:?}", probe.status)))
            .collect::<BTreeSet<_>>()
    });
    let (name, ..) = probes.symmetric_difference(&other_probes).next()?;
    Some(format!(
        "they were measured by different probes ({name}), which cost and see different things: measure both by the same"
    ))
}

/// What should be known before the difference is believed, a sentence each.
#[must_use]
pub fn warnings(old: &[Run<'_>], new: &[Run<'_>]) -> Vec<String> {
    let mut warnings = Vec::new();
    for run in old {
        if let Some(same) = new.iter().find(|other| is_same(run.recording, other.recording)) {
            warnings.push(format!("{} and {} are the same run, on both sides", run.name, same.name));
        }
    }
    for (what, of) in [
        ("hosts", (|host| host.hostname.clone()) as fn(&crate::model::Host) -> String),
        ("kernels", |host| host.kernel.clone()),
        ("numbers of CPUs", |host| host.cpus.to_string()),
    ] {
        let [old, new] = [old, new].map(|side| {
            let hosts = side.iter().flat_map(|run| &run.recording.hosts).map(of);
            hosts.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
        });
        if old != new {
            warnings.push(format!("the sides were measured on different {what}: old {old}; new {new}"));
        }
    }
    warnings.extend(of_loads(old, new));
    let dropped: u64 =
        old.iter().chain(new).map(|run| run.recording.losses.slow_calls_dropped).fold(0, u64::saturating_add);
    if dropped > 0 {
        warnings.push(format!(
            "{} records of slow calls found no room: files and clients are not whole, all figures here are",
            units::count(dropped)
        ));
    }
    warnings
}

fn of_loads(old: &[Run<'_>], new: &[Run<'_>]) -> Vec<String> {
    let Some(first) = old.first() else { return Vec::new() };
    let subjects = Subject::all(first.recording);
    let warning = |subject: &Subject| {
        let [old, new] = [old, new].map(|side| {
            let rates: Option<Vec<f64>> = side
                .iter()
                .map(|run| Some(subject.calls(run.recording)? as f64 * 1e9 / run.recording.measured_ns().max(1) as f64))
                .collect();
            rates.filter(|rates| !rates.is_empty()).map(|rates| median(&rates))
        });
        let (old, new) = (old?, new?);
        let is_apart = (old - new).abs() > LOAD_APART * old.min(new);
        is_apart.then(|| {
            format!(
                "the loads differ: {} {} calls/s old, {} new",
                units::count(old.round() as u64),
                subject.name(),
                units::count(new.round() as u64)
            )
        })
    };
    subjects.iter().filter_map(warning).collect()
}
