//! What recordings say of a service-level objective: the share of bad calls, and how fast that uses up the budget.
//!
//! The burn rate is the share of bad calls as a multiple of the share that is allowed; a whole budget lasts the window
//! divided by it (B. Beyer et al., The Site Reliability Workbook, 2018, chapter 5).

use super::{
    percentile,
    report::{Budget, BurnRate, Interval, ObjectiveReport},
    selected::Selected,
    share::{self, Most},
    tally::Tally,
};
use crate::{
    escape::escape,
    gate::slo::{Good, Objective, Slo},
    model::{IntervalSyscall, Recording},
};

/// Windows that alerts on burn rates look at, ns (ibid.): 5 and 30 minutes, 1, 2 and 6 hours, 1 and 3 days.
const ALERT_WINDOWS_NS: [u64; 7] = {
    const MINUTE_NS: u64 = 60_000_000_000;
    [
        5 * MINUTE_NS,
        30 * MINUTE_NS,
        60 * MINUTE_NS,
        120 * MINUTE_NS,
        360 * MINUTE_NS,
        1440 * MINUTE_NS,
        4320 * MINUTE_NS,
    ]
};

/// What was found of each objective of an SLO.
pub fn of_slo(recording: &Recording, slo: &Slo) -> Vec<ObjectiveReport> {
    let selected = Selected::all(recording, &slo.of);
    let report = |selected, (place, objective)| report(selected, slo, place, objective);
    selected
        .iter()
        .flat_map(|selected| slo.objectives.iter().enumerate().map(move |one| report(selected, one)))
        .collect()
}

fn report(selected: &Selected<'_>, slo: &Slo, place: usize, objective: &Objective) -> ObjectiveReport {
    let tally = bad_calls(selected, objective.good);
    let (outcome, why) = tally.decide(&Most(objective.budget()));
    let known = share::known(&tally);
    let name = escape(&slo.name);
    ObjectiveReport {
        name: match &objective.name {
            Some(objective) => format!("{name} ({})", escape(objective)),
            None if slo.objectives.len() > 1 => format!("{name} ({})", place + 1),
            None => name,
        },
        service: slo.service.clone(),
        of: calls_of(&selected.name),
        good_are: objective.good.label(),
        target: objective.target,
        window_ns: slo.window_ns,
        outcome,
        good: tally.calls - tally.hits_most,
        total: tally.calls,
        bad_share: known.filter(|_| tally.hits == tally.hits_most).map(|(share, _)| share),
        interval: known.map(|(_, interval)| interval),
        budget: known.map(|(share, interval)| budget(selected.recording, slo, objective, share, interval)),
        burn_rates: burn_rates(selected, objective),
        why,
    }
}

/// `sendfile calls`.
fn calls_of(name: &str) -> String {
    if name.ends_with("calls") { name.into() } else { format!("{name} calls") }
}

fn bad_calls(selected: &Selected<'_>, good: Good) -> Tally {
    match good {
        Good::NotDiskBlocked => share::disk_blocked_calls(selected),
        Good::NotSlow => Tally::new(selected, share::hits(selected, |traced| traced.slow)),
        Good::FasterThan(_) | Good::AtMost(_) => percentile::above(selected, longest_ns(good)),
    }
}

/// The longest that a good call takes.
fn longest_ns(good: Good) -> u64 {
    match good {
        Good::FasterThan(ns) => ns.saturating_sub(1),
        Good::AtMost(ns) => ns,
        Good::NotDiskBlocked | Good::NotSlow => u64::MAX,
    }
}

fn budget(recording: &Recording, slo: &Slo, objective: &Objective, share: f64, interval: Interval) -> Budget {
    let allowed = objective.budget();
    let burn_rate = share / allowed;
    let covered_ns = covered(recording).iter().map(|(start, end)| end - start).fold(0, u64::saturating_add);
    let lasts_ns = slo.window_ns as f64 / burn_rate;
    Budget {
        burn_rate,
        burn_rate_interval: Interval { low: interval.low / allowed, high: interval.high.map(|high| high / allowed) },
        covered_ns,
        used: burn_rate * covered_ns as f64 / slo.window_ns as f64,
        exhausted_after_ns: (burn_rate > 1.0).then_some(lasts_ns as u64),
    }
}

/// When something was measured, from the start of the window: times that neither overlap nor touch.
fn covered(recording: &Recording) -> Vec<(u64, u64)> {
    let start = recording.window.start.as_nanosecond();
    let from_start = |at: i128| u64::try_from((at - start).max(0)).unwrap_or(u64::MAX);
    let mut spans: Vec<(u64, u64)> = recording
        .runs
        .iter()
        .map(|run| {
            let from = from_start(run.window.start.as_nanosecond());
            (from, from.saturating_add(run.window.duration_ns))
        })
        .collect();
    if spans.is_empty() {
        spans.push((0, recording.window.duration_ns));
    }
    spans.sort_unstable();
    let mut covered: Vec<(u64, u64)> = Vec::new();
    for (from, to) in spans {
        match covered.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => covered.push((from, to)),
        }
    }
    covered
}

/// The burn rates over those windows of alerts that the end of the recordings covers without a gap.
fn burn_rates(selected: &Selected<'_>, objective: &Objective) -> Vec<BurnRate> {
    let recording = selected.recording;
    let covered = covered(recording);
    let Some(&(from_ns, to_ns)) = covered.last() else { return Vec::new() };
    let windows = ALERT_WINDOWS_NS.into_iter().filter(|&window_ns| window_ns <= to_ns - from_ns);
    let burn_rate = |window_ns| {
        let inside = recording.intervals.iter().filter(|interval| interval.at_ns >= to_ns - window_ns);
        let rows = inside.flat_map(|interval| &interval.syscalls);
        let (mut bad, mut total) = (0u64, 0u64);
        for row in rows.filter(|row| selected.syscalls.contains(&row.name.as_str())) {
            bad = bad.saturating_add(bad_in(row, objective.good));
            total = total.saturating_add(row.calls);
        }
        let burn_rate = (total > 0).then(|| bad as f64 / total as f64 / objective.budget());
        BurnRate { window_ns, bad, total, burn_rate }
    };
    windows.map(burn_rate).collect()
}

/// The bad calls of a piece of the window; of those in the bucket that holds the limit none.
fn bad_in(row: &IntervalSyscall, good: Good) -> u64 {
    match good {
        Good::NotDiskBlocked => row.disk_blocked,
        Good::NotSlow => row.slow,
        Good::FasterThan(_) | Good::AtMost(_) => {
            let longer = row.latency.buckets.iter().filter(|&&(low, ..)| low > longest_ns(good));
            longer.map(|&(.., count)| count).fold(0, u64::saturating_add)
        }
    }
}
