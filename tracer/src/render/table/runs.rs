//! The measurements that were merged: where and when each was, what it found, and what it missed.

use super::Report;
use crate::{
    escape::escape,
    model::{ProbeStatus, Run, Status},
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name, Word},
            Columns, time,
        },
    },
    units::{count, counted},
};

/// The list of runs, those with a blocked event loop first; nothing for a single measurement.
pub fn section(report: &Report) -> String {
    let mut runs: Vec<&Run> = report.recording.runs.iter().collect();
    if runs.is_empty() {
        return String::new();
    }
    runs.sort_by_key(|run| place(run.verdict.status));
    let has_gaps = runs.iter().any(|run| !missing(run).is_empty());
    let mut headings =
        vec![("from (UTC)", Word), ("window", Figure), ("calls", Figure), ("disk", Figure), ("waited", Figure)];
    headings.splice(..0, report.host_column());
    headings.push(("verdict", Word));
    headings.extend(has_gaps.then_some(("missing", Name)));
    let mut list = Columns::new(&headings);
    let mut add = |words: [String; 2], host: Option<String>, runs: &[&Run], verdict: String, gaps: String| {
        let sum = |of: fn(&Run) -> u64| runs.iter().map(|run| of(run)).fold(0, u64::saturating_add);
        let figures = [
            count(sum(|run| all(run, |syscall| syscall.calls))),
            count(sum(|run| all(run, |syscall| syscall.disk_blocked))),
            time(sum(|run| all(run, |syscall| syscall.time_ns.disk))),
        ];
        let cells = host.into_iter().chain(words).chain(figures).chain([verdict]).chain(has_gaps.then_some(gaps));
        let worst = runs.iter().map(|run| run.verdict.status).min_by_key(|&status| place(status));
        list.row(cells.collect::<Vec<_>>(), worst.and_then(tint));
    };
    let (shown, hidden) = runs.split_at(runs.len().min(report.style.top));
    for run in shown {
        let from = run.window.start.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let words = [from, time(run.window.duration_ns)];
        let host = report.host(run.hostname.as_deref());
        add(words, host, std::slice::from_ref(run), word(run.verdict.status).into(), missing(run));
    }
    if !hidden.is_empty() {
        let more = format!("… and {}", counted(hidden.len() as u64, "more run", "more runs"));
        let window_ns = hidden.iter().map(|run| run.window.duration_ns).fold(0, u64::saturating_add);
        add([more, time(window_ns)], report.host(None), hidden, verdicts(hidden), String::new());
    }
    list.render(2, report.style.width, report.paint)
}

/// A figure of all system calls of a run.
fn all(run: &Run, of: fn(&crate::model::RunSyscall) -> u64) -> u64 {
    run.syscalls.iter().map(of).fold(0, u64::saturating_add)
}

/// Those that a person looks for first.
fn place(status: Status) -> u8 {
    match status {
        Status::Blocked => 0,
        Status::Inconclusive => 1,
        Status::Clear => 2,
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Blocked => "blocked",
        Status::Inconclusive => "inconclusive",
        Status::Clear => "clear",
    }
}

fn tint(status: Status) -> Option<Tint> {
    match status {
        Status::Blocked => Some(Tint::Disk),
        Status::Inconclusive => Some(Tint::Warning),
        Status::Clear => None,
    }
}

/// `2 blocked, 7 clear`
fn verdicts(runs: &[&Run]) -> String {
    let of = |status: Status| runs.iter().filter(|run| run.verdict.status == status).count();
    let counts = [Status::Blocked, Status::Inconclusive, Status::Clear].map(|status| (of(status), word(status)));
    let there = counts.into_iter().filter(|&(runs, _)| runs > 0);
    there.map(|(runs, word)| format!("{} {word}", count(runs as u64))).collect::<Vec<_>>().join(", ")
}

/// What a run could not observe, and what it lost.
fn missing(run: &Run) -> String {
    let unseen = run.probes.iter().filter(|probe| probe.status == ProbeStatus::Unavailable);
    let unseen = unseen.map(|probe| escape(&probe.name));
    let losses = &run.losses;
    let lost = [
        (losses.calls_uncounted, "call", "calls"),
        (losses.threads_dropped, "thread", "threads"),
        (losses.slow_calls_dropped, "record", "records"),
        (losses.parts_clamped, "cut part", "cut parts"),
    ];
    let lost = lost.into_iter().filter(|&(number, ..)| number > 0);
    unseen.chain(lost.map(|(number, one, many)| counted(number, one, many))).collect::<Vec<_>>().join(", ")
}
