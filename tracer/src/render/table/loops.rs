//! The event loops in full, for who asked for them: their turns, where they waited for the disk, and their worst turns.

use super::Report;
use crate::{
    escape::escape,
    model::{EventLoop, Out, TurnWait, WorstTurn},
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name, Path, Word},
            Columns, time,
        },
        facts::{call, thread_name},
        loops::behind,
        percentile::of_turns,
    },
    units::{NO_VALUE, bytes, count, counted, duration, latency, percent},
};

/// What was asked for, section by section.
pub fn sections(report: &Report) -> Vec<String> {
    let loops = &report.recording.event_loops;
    if loops.is_empty() {
        let window = duration(report.recording.window.duration_ns);
        return vec![format!("No event loop was seen within the window of {window}.\n")];
    }
    vec![turns(report, loops), waits(report, loops), worst_turns(report, loops)]
}

/// How many turns there were, and how long they took.
fn turns(report: &Report, loops: &[EventLoop]) -> String {
    let mut headings = vec![(report.tid_heading(), Figure), ("event loop", Name)];
    headings.extend(["turns/s", "events", "busy", "on disk", "p50", "p99", "max", "behind"].map(|name| (name, Figure)));
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let (shown, hidden) = loops.split_at(loops.len().min(report.style.top));
    let mut add = |host: Option<String>, words: [String; 2], loops: &[EventLoop]| {
        let has_waited = loops.iter().any(|row| row.disk_waits > 0);
        let cells: Vec<_> = host.into_iter().chain(words).chain(figures(report, loops)).collect();
        list.row(cells, has_waited.then_some(Tint::Disk));
    };
    for row in shown {
        let host = report.host(row.thread.hostname.as_deref());
        add(host, [report.tid(&row.thread), thread_name(&row.thread)], std::slice::from_ref(row));
    }
    if !hidden.is_empty() {
        let more = format!("and {}", counted(hidden.len() as u64, "more event loop", "more event loops"));
        add(report.host(None), ["…".into(), more], hidden);
    }
    list.render(0, report.style.width, report.paint)
}

/// What a row says of some event loops together. Events are those of a turn, rates those of the window.
fn figures(report: &Report, loops: &[EventLoop]) -> [String; 8] {
    let sum = |of: fn(&EventLoop) -> Option<u64>| {
        let figures: Option<Vec<_>> = loops.iter().map(of).collect();
        figures.map(|figures| figures.into_iter().fold(0, u64::saturating_add))
    };
    let or_none = |value: Option<String>| value.unwrap_or_else(|| NO_VALUE.into());
    let window_ns = report.recording.window.duration_ns.max(1);
    let turns = sum(|row| row.turns);
    let rate = |turns: u64| count((turns as f64 * 1e9 / window_ns as f64).round() as u64);
    let events = sum(|row| row.ready_events).zip(turns).filter(|&(_, turns)| turns > 0);
    let lived_ns = sum(|row| Some(row.waiting_ns?.saturating_add(row.busy_ns?)));
    let share = |ns: Option<u64>| or_none(ns.zip(lived_ns).map(|(ns, of_ns)| percent(ns, of_ns)));
    let max_ns = loops.iter().filter_map(|row| row.turn_latency.as_ref()?.max_ns()).max();
    let quantile = |per_mille| or_none(of_turns(loops, |row| row.turn_latency.as_ref(), per_mille).map(latency));
    [
        or_none(turns.map(rate)),
        or_none(events.map(|(events, turns)| format!("{:.1}", events as f64 / turns as f64))),
        share(sum(|row| row.busy_ns)),
        if report.knows_disk_waits() { share(sum(|row| Some(row.disk_wait_ns))) } else { "unknown".into() },
        quantile(500),
        quantile(990),
        or_none(max_ns.map(latency)),
        behind(sum(|row| row.behind), loops),
    ]
}

/// In which system calls they waited for the disk; empty if they did not.
fn waits(report: &Report, loops: &[EventLoop]) -> String {
    let mut headings = vec![(report.tid_heading(), Figure), ("blocked on disk in", Word)];
    headings.extend(["disk waits", "waited", "longest"].map(|name| (name, Figure)));
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let mut rows = loops.iter().flat_map(|row| row.by_syscall.iter().map(move |waits| (row, waits)));
    for (row, waits) in rows.by_ref().take(report.style.top) {
        let figures = [count(waits.disk_waits), time(waits.disk_wait_ns), time(waits.max_ns)];
        let host = report.host(row.thread.hostname.as_deref());
        let words = [report.tid(&row.thread), call(&waits.name)];
        list.row(host.into_iter().chain(words).chain(figures).collect::<Vec<_>>(), Some(Tint::Disk));
    }
    let hidden: Vec<_> = rows.collect();
    if !hidden.is_empty() {
        let sum = |of: fn(&(&EventLoop, &crate::model::SyscallWaits)) -> u64| {
            hidden.iter().map(of).fold(0, u64::saturating_add)
        };
        let longest_ns = hidden.iter().map(|(_, waits)| waits.max_ns).max().unwrap_or(0);
        let figures = [count(sum(|(_, row)| row.disk_waits)), time(sum(|(_, row)| row.disk_wait_ns)), time(longest_ns)];
        let more = format!("and {}", counted(hidden.len() as u64, "more row", "more rows"));
        let words = report.host(None).into_iter().chain(["…".into(), more]);
        list.row(words.chain(figures).collect::<Vec<_>>(), Some(Tint::Disk));
    }
    let has_waited = loops.iter().any(|row| !row.by_syscall.is_empty());
    if has_waited { list.render(0, report.style.width, report.paint) } else { String::new() }
}

/// The worst turn of each, the longest first, and what it waited for longest.
fn worst_turns(report: &Report, loops: &[EventLoop]) -> String {
    let mut turns: Vec<_> = loops.iter().filter_map(|row| Some((row, row.worst_turn.as_ref()?))).collect();
    if turns.is_empty() {
        return String::new();
    }
    turns.sort_by_key(|(row, turn)| (std::cmp::Reverse(turn.ns), row.thread.tid));
    let mut headings = vec![
        (report.tid_heading(), Figure),
        ("worst at", Figure),
        ("took", Figure),
        ("on disk", Figure),
        ("in", Word),
        ("file", Path),
        ("offset", Figure),
        ("for", Name),
    ];
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    for (row, turn) in turns.iter().take(report.style.top) {
        let tint = turn.longest_wait.as_ref().map(|_| Tint::Disk);
        let host = report.host(row.thread.hostname.as_deref());
        list.row(host.into_iter().chain(worst_turn(report.tid(&row.thread), turn)).collect::<Vec<_>>(), tint);
    }
    list.render(0, report.style.width, report.paint)
}

fn worst_turn(tid: String, turn: &WorstTurn) -> Vec<String> {
    let on_disk = turn.disk_wait_ns.map_or_else(|| NO_VALUE.into(), time);
    let mut cells = vec![tid, duration(turn.at_ns), latency(turn.ns), on_disk];
    cells.extend(match &turn.longest_wait {
        Some(wait) => [call(&wait.syscall), file(wait), offset(wait), whom(wait)],
        None => [String::new(), String::new(), String::new(), String::new()],
    });
    cells
}

/// The file, or the device where the file has no path that is known.
fn file(wait: &TurnWait) -> String {
    let device = wait.device_name.as_ref().or(wait.device.as_ref());
    let path = wait.path.as_ref().or(device);
    path.map_or_else(|| NO_VALUE.into(), |path| escape(path))
}

fn offset(wait: &TurnWait) -> String {
    wait.offset.map_or_else(|| NO_VALUE.into(), bytes)
}

/// Whom the call served, or what it wrote to.
fn whom(wait: &TurnWait) -> String {
    match (&wait.client, wait.out) {
        (Some(client), _) => escape(client),
        (None, Some(Out::Null)) => "/dev/null".into(),
        (None, Some(Out::Pipe)) => "a pipe".into(),
        (None, Some(Out::File)) => "a file".into(),
        (None, _) => String::new(),
    }
}
