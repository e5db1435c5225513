//! What a merged recording says of its runs, and what follows from them: target, window, probes, labels.

use std::{cmp::Reverse, collections::BTreeMap};

use super::row::merged;
use crate::{
    model::{Losses, Mechanism, Probe, ProbeStatus, Recording, Run, RunSyscall, Target, Window},
    units::counted,
};

/// Selectors of a target that are named; the rest is counted.
const SELECTORS: usize = 3;

/// Makes the recording of a single measurement one of its one run.
pub fn list(recording: &mut Recording) {
    if recording.runs.is_empty() {
        recording.runs.push(Run {
            hostname: None,
            tool: recording.tool.clone(),
            labels: recording.labels.clone(),
            target: recording.target.clone(),
            window: recording.window,
            probes: recording.probes.clone(),
            losses: recording.losses,
            syscalls: recording.syscalls.iter().map(RunSyscall::from).collect(),
            verdict: recording.verdict.clone(),
        });
    }
}

/// By window, and by host and target where windows are the same.
pub fn sort(runs: &mut [Run]) {
    runs.sort_by_cached_key(|run| {
        (run.window, run.hostname.clone(), run.target.selector.clone(), run.target.processes.clone())
    });
}

/// The time that spans all windows; `None` if that is too long.
pub fn window<'a>(windows: impl Iterator<Item = &'a Window> + Clone) -> Option<Window> {
    let start = windows.clone().map(|window| window.start).min()?;
    let end = windows.map(end_ns).max()?;
    Some(Window { start, duration_ns: u64::try_from(end - start.as_nanosecond()).ok()? })
}

/// When a window closed, ns since 1970.
pub fn end_ns(window: &Window) -> i128 {
    window.start.as_nanosecond() + i128::from(window.duration_ns)
}

/// Whom all of them watched; `None` only if a figure gets too large.
pub fn target(runs: &[Run]) -> Option<Target> {
    let mut selectors: Vec<_> = runs.iter().map(|run| run.target.selector.as_str()).collect();
    selectors.sort_unstable();
    selectors.dedup();
    let mut selector = selectors.iter().take(SELECTORS).copied().collect::<Vec<_>>().join(", ");
    if selectors.len() > SELECTORS {
        selector += &format!(", and {} more", selectors.len() - SELECTORS);
    }
    Some(Target {
        selector,
        processes: merged(runs.iter().map(|run| run.target.processes.clone()))?,
        processes_unlisted: runs
            .iter()
            .filter_map(|run| run.target.processes_unlisted)
            .try_fold(0u64, |sum, unlisted| sum.checked_add(unlisted))
            .map(|unlisted| (unlisted > 0).then_some(unlisted))?,
        ended_early: runs.iter().filter_map(|run| run.target.ended_early).max(),
    })
}

/// The labels that all runs have in common.
pub fn labels(runs: &[Run]) -> BTreeMap<String, String> {
    let Some((first, others)) = runs.split_first() else { return BTreeMap::new() };
    let common =
        first.labels.iter().filter(|(key, value)| others.iter().all(|run| run.labels.get(*key) == Some(value)));
    common.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What all of them lost; `None` if a figure gets too large.
pub fn losses(runs: &[Run]) -> Option<Losses> {
    // What one run does not say is not known of all of them.
    let known = |of: fn(&Losses) -> Option<u64>| runs.iter().all(|run| of(&run.losses).is_some()).then_some(0);
    let mut all = Losses {
        processes_dropped: known(|losses| losses.processes_dropped),
        records_dropped: known(|losses| losses.records_dropped),
        stacks_dropped: known(|losses| losses.stacks_dropped),
        ..Losses::default()
    };
    for run in runs {
        let losses = &run.losses;
        super::row::add_fields!(all, losses; slow_calls_dropped, threads_dropped, calls_uncounted, parts_clamped; processes_dropped, records_dropped, stacks_dropped);
    }
    Some(all)
}

/// What observed, in the order in which the first run that has a probe lists it. A probe is attached if it was in every
/// run: else its figures are not those of the whole.
pub fn probes(runs: &[Run]) -> Option<Vec<Probe>> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, probe) in runs.iter().flat_map(|run| run.probes.iter().enumerate()) {
        let earliest = places.entry(&probe.name).or_insert(place);
        *earliest = place.min(*earliest);
    }
    let mut names: Vec<_> = places.into_iter().collect();
    names.sort_by_key(|&(name, place)| (place, name));
    names.into_iter().map(|(name, _)| probe(runs, name)).collect()
}

fn probe(runs: &[Run], name: &str) -> Option<Probe> {
    let of_run = |run: &'_ Run| run.probes.iter().find(|probe| probe.name == name).cloned();
    let probes: Vec<Option<Probe>> = runs.iter().map(of_run).collect();
    let known = || probes.iter().flatten();
    let attached = || known().filter(|probe| probe.status == ProbeStatus::Attached);
    let mut missed = attached().next().map(|_| 0);
    for probe in attached() {
        super::row::add_known(&mut missed, probe.missed)?;
    }
    let first_status = known().map(|probe| probe.status).next()?;
    let is_same = probes.iter().all(|probe| probe.as_ref().is_some_and(|probe| probe.status == first_status));
    let reason = reason(&probes);
    let (status, reason) = match first_status {
        ProbeStatus::Unavailable if is_same => (ProbeStatus::Unavailable, Some(reason)),
        status if is_same => (status, None),
        _ => (ProbeStatus::Unavailable, Some(reason)),
    };
    let mechanism = if status == ProbeStatus::Attached {
        // Where they differ, the runs tell which it was.
        known().map(|probe| probe.mechanism).min().unwrap_or(Mechanism::None)
    } else {
        Mechanism::None
    };
    Some(Probe { name: name.into(), mechanism, status, reason, missed })
}

/// Why a probe was not attached in some runs: the reason that most of them give.
fn reason(probes: &[Option<Probe>]) -> String {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for probe in probes {
        let reason = match probe {
            None => "not asked for",
            Some(Probe { status: ProbeStatus::Attached, .. }) => continue,
            Some(Probe { status: ProbeStatus::Off, .. }) => "not asked for",
            Some(probe) => probe.reason.as_deref().unwrap_or("no reason is recorded"),
        };
        *reasons.entry(reason).or_default() += 1;
    }
    let number: usize = reasons.values().sum();
    let most = reasons.into_iter().max_by_key(|&(reason, runs)| (runs, Reverse(reason)));
    let of = counted(probes.len() as u64, "run", "runs");
    format!("in {number} of {of}: {}", most.map_or("", |(reason, _)| reason))
}
