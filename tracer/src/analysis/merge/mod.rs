//! Several recordings of one target as one: each figure is the sum of theirs, bucket by bucket, and what each said of
//! itself stays in its runs. The order does not matter, and merging in steps gives the same as at once.

mod hosts;
mod names;
mod page_cache;
mod refusal;
pub(crate) mod row;
mod rows;
mod runs;
mod stacks;
mod syscalls;
mod target;
mod verdict;
mod walk;

use std::collections::BTreeSet;

use self::{hosts::Hosts, names::Known, row::merged};
pub use self::{
    refusal::Refusal,
    target::{TargetId, target_id},
};
use crate::model::{Host, Recording, SCHEMA_VERSION, Tool};

/// The recording of all of them together; a single one stays as it is.
///
/// # Errors
/// If their figures cannot be added, or some calls would be counted twice.
pub fn merge(mut recordings: Vec<Recording>) -> Result<Recording, Refusal> {
    match recordings.len() {
        0 => return Err(Refusal::of_all("there is no recording")),
        1 => return Ok(recordings.remove(0)),
        _ => {}
    }
    let all: BTreeSet<Host> = recordings.iter().flat_map(|recording| recording.hosts.iter().cloned()).collect();
    let all: Vec<Host> = all.into_iter().collect();
    let hosts = Hosts::of(&all).ok_or_else(|| Refusal::of_all("some of their hosts cannot be told apart"))?;
    for (place, recording) in recordings.iter_mut().enumerate() {
        runs::list(recording);
        let named = hosts.rename(recording);
        named.ok_or_else(|| Refusal::of(place, "it has rows of a host that it does not list"))?;
    }
    refusal::check(&recordings, &hosts)?;
    sum(recordings, all).ok_or_else(|| Refusal::of_all("a sum gets too large, or their windows lie too far apart"))
}

/// All figures added up; `None` if one gets too large.
fn sum(mut recordings: Vec<Recording>, hosts: Vec<Host>) -> Option<Recording> {
    let window = runs::window(recordings.iter().map(|recording| &recording.window))?;
    for recording in &mut recordings {
        let later_ns = recording.window.start.as_nanosecond() - window.start.as_nanosecond();
        walk::delay(recording, u64::try_from(later_ns).ok()?)?;
    }
    // Before rows are added up: each has one of their names.
    let known = Known::of(&mut recordings);
    let first = recordings.first()?;
    let (threshold_ns, blocked_share) = (first.threshold_ns, first.blocked_share);
    let mut runs = take(&mut recordings, |recording| &mut recording.runs).concat();
    runs::sort(&mut runs);
    let threads = merged(take(&mut recordings, |recording| &mut recording.threads))?;
    // Before the slow calls are taken: they refer to their own recording's stacks.
    let stacks = stacks::stacks(&mut recordings)?;
    let page_caches = recordings.iter_mut().map(|recording| recording.page_cache.take()).collect();
    let mut whole = Recording {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        hosts,
        labels: runs::labels(&runs),
        target: runs::target(&runs)?,
        window,
        threshold_ns,
        blocked_share,
        probes: runs::probes(&runs)?,
        losses: runs::losses(&runs)?,
        syscalls: syscalls::called(merged(take(&mut recordings, |recording| &mut recording.syscalls))?),
        event_loops: merged(take(&mut recordings, |recording| &mut recording.event_loops))?,
        families: families(&recordings),
        slow_calls: take(&mut recordings, |recording| &mut recording.slow_calls).concat(),
        intervals: take(&mut recordings, |recording| &mut recording.intervals).concat(),
        verdict: verdict::verdict(&runs, &threads),
        stacks,
        page_cache: page_cache::page_cache(page_caches)?,
        threads,
        runs,
    };
    // First the names: where rows stand must not depend on what a thread was called in some run.
    known.tell(&mut whole);
    whole.slow_calls.sort_unstable();
    whole.intervals.sort_by(|one, other| (one.at_ns, one).cmp(&(other.at_ns, other)));
    whole.syscalls.iter_mut().for_each(|syscall| rows::sort_in_flight(&mut syscall.in_flight));
    Some(whole)
}

/// What was measured; every recording says the same, or nothing.
fn families(recordings: &[Recording]) -> Vec<String> {
    recordings.iter().map(|recording| recording.families.clone()).max().unwrap_or_default()
}

/// One list of each recording.
fn take<T>(recordings: &mut [Recording], list: impl Fn(&mut Recording) -> &mut Vec<T>) -> Vec<Vec<T>> {
    recordings.iter_mut().map(|recording| std::mem::take(list(recording))).collect()
}
