//! Who was measured, when, by which probes, and whether anything escaped them.

use std::collections::BTreeSet;

use super::Report;
use crate::{
    escape::escape,
    model::{Losses, Probe, ProbeStatus, Process, Recording, program},
    render::{
        color::Tint,
        layout::{LEAST_NAME, fit, labelled, labelled_items, width},
    },
    units::{count, counted, duration, setting},
};

/// Hosts that are named; the rest is counted.
const HOSTS: usize = 10;

/// Processes named in the first line; the rest is counted.
const PROCESSES: usize = 3;

pub fn heading(report: &Report) -> String {
    let mut out = report.paint.lines(Tint::Heading, &first_line(report));
    let columns = report.style.width;
    out += &report.paint.lines(Tint::Faint, &labelled_items("host", &host(report), columns));
    let labels = &report.recording.labels;
    if !labels.is_empty() {
        let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
        out += &report.paint.lines(Tint::Faint, &labelled_items("labels", &labels, columns));
    }
    if report.recording.target.ended_early == Some(true) {
        let ended = labelled("target", "ended before the window did", columns);
        out += &report.paint.lines(Tint::Warning, &ended);
    }
    out + &probes(report)
}

fn first_line(report: &Report) -> String {
    let recording = report.recording;
    let mut families: Vec<&str> = Vec::new();
    for syscall in &recording.syscalls {
        if !families.contains(&syscall.family.as_str()) {
            families.push(&syscall.family);
        }
    }
    if recording.page_cache.is_some() {
        // It traces sendfile and splice too: they are named where tee, which reads no file, shows that they were asked for.
        families.retain(|&family| family == "pagecache" || family == "splice" && has_tee(recording));
    }
    let command = escape(format!("{} {}", recording.tool.name, families.join(" + ")).trim_end());
    let window = match recording.runs.len() as u64 {
        0 => duration(recording.window.duration_ns),
        runs => format!("{} in {}", duration(recording.measured_ns()), counted(runs, "run", "runs")),
    };
    let threshold = format!("threshold {}", setting(recording.threshold_ns));
    let separator = " · ";
    let others = [&command, &window, &threshold].map(|piece| width(piece) + width(separator)).iter().sum::<usize>();
    let room = report.style.width.saturating_sub(others);
    let target = if report.has_several_hosts() {
        fleet(recording, room)
    } else {
        target(&recording.target.processes, &recording.target.selector, room)
    };
    [command, target, window, threshold].join(separator) + "\n"
}

fn has_tee(recording: &Recording) -> bool {
    recording.syscalls.iter().any(|syscall| syscall.name == "tee")
}

/// The target in about `room` columns: `pid 4088 java (kafka.Kafka)`, ids whole, names cut to fit.
fn target(processes: &[Process], selector: &str, room: usize) -> String {
    let shown = &processes[..processes.len().min(PROCESSES)];
    let more = match processes.len() - shown.len() {
        0 => String::new(),
        hidden => format!(", and {} more", count(hidden as u64)),
    };
    let mut groups: Vec<(String, String)> = Vec::new();
    for process in shown {
        let names = names(process);
        match groups.last_mut() {
            Some(last) if last.1 == names => last.0 += &format!(", {}", process.pid),
            _ => groups.push((process.pid.to_string(), names)),
        }
    }
    let word = match processes.len() {
        0 => return format!("{}: no process", escape(selector)),
        1 => "pid",
        _ => "pids",
    };
    let ids: usize = groups.iter().map(|(ids, _)| ids.len() + ", ".len() + 1).sum();
    let room_each = room.saturating_sub(word.len() + ids + more.len()) / groups.len();
    let groups: Vec<_> =
        groups.iter().map(|(ids, names)| format!("{ids} {}", fit(names, room_each.max(LEAST_NAME)))).collect();
    format!("{word} {}{more}", groups.join(", "))
}

/// A target on several hosts in about `room` columns: `java (kafka.Kafka) on 3 hosts`.
fn fleet(recording: &Recording, room: usize) -> String {
    let names: BTreeSet<_> = recording.target.processes.iter().map(names).collect();
    let hosts: BTreeSet<_> = recording.runs.iter().filter_map(|run| run.hostname.as_deref()).collect();
    let on = format!(" on {}", counted(hosts.len() as u64, "host", "hosts"));
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    let names = if names.is_empty() { escape(&recording.target.selector) } else { names };
    fit(&names, room.saturating_sub(width(&on)).max(LEAST_NAME)) + &on
}

/// The kernel's name and what it runs: `java (kafka.Kafka)`.
fn names(process: &Process) -> String {
    let comm = escape(&process.comm);
    match program(process) {
        Some(program) => format!("{comm} ({})", escape(&program)),
        None => comm,
    }
}

fn host(report: &Report) -> Vec<String> {
    let recording = report.recording;
    let mut items: Vec<_> = match recording.hosts.as_slice() {
        [host] => vec![
            escape(&host.hostname),
            format!("Linux {} {}", escape(&host.kernel), escape(&host.arch)),
            counted(host.cpus.into(), "CPU", "CPUs"),
        ],
        hosts => {
            let named: BTreeSet<_> = recording.runs.iter().filter_map(|run| run.hostname.as_deref()).collect();
            let named: Vec<_> = if named.is_empty() {
                hosts.iter().map(|host| escape(&host.hostname)).collect()
            } else {
                named.into_iter().map(escape).collect()
            };
            let hidden = named.len().saturating_sub(HOSTS) as u64;
            let more = (hidden > 0).then(|| format!("and {} more", count(hidden)));
            named.into_iter().take(HOSTS).chain(more).collect()
        }
    };
    items.push(format!("from {}", recording.window.start.strftime("%Y-%m-%d %H:%M:%S UTC")));
    items
}

/// One line where all is well, one more for each thing that is not.
fn probes(report: &Report) -> String {
    let columns = report.style.width;
    let probes = &report.recording.probes;
    let losses = losses(&report.recording.losses);
    let mut items: Vec<_> = probes.iter().map(|probe| state(report.recording, probe)).collect();
    let attached = || probes.iter().filter(|probe| probe.status == ProbeStatus::Attached);
    let missed: Vec<_> = attached().filter(|probe| probe.missed.is_some_and(|missed| missed > 0)).collect();
    let untold: Vec<_> = attached().filter(|probe| probe.missed.is_none()).map(|probe| escape(&probe.name)).collect();
    let nothing_missed = missed.is_empty() && untold.is_empty() && attached().next().is_some();
    match (nothing_missed, losses.is_empty()) {
        (true, true) => items.push("nothing missed, nothing lost".into()),
        (true, false) => items.push("nothing missed".into()),
        (false, true) => items.push("nothing lost".into()),
        (false, false) => {}
    }
    let mut out = labelled_items("probes", &items, columns);

    let mut warnings = String::new();
    for probe in probes.iter().filter(|probe| probe.status == ProbeStatus::Unavailable) {
        let reason = probe.reason.as_deref().map_or_else(|| "no reason is recorded".into(), escape);
        warnings += &labelled("unseen", &format!("{}: {reason}", escape(&probe.name)), columns);
    }
    for probe in missed {
        let missed = counted(probe.missed.unwrap_or(0), "event was", "events were");
        warnings += &labelled("missed", &format!("{}: {missed} not seen", escape(&probe.name)), columns);
    }
    for loss in losses {
        warnings += &labelled("lost", &loss, columns);
    }
    out += &report.paint.lines(Tint::Warning, &warnings);
    if !untold.is_empty() {
        let text = format!("{}: this kernel does not tell whether events were missed", untold.join(", "));
        out += &report.paint.lines(Tint::Faint, &labelled("missed", &text, columns));
    }
    out
}

fn state(recording: &Recording, probe: &Probe) -> String {
    let state = match probe.status {
        ProbeStatus::Attached => mechanisms(recording, probe),
        ProbeStatus::Unavailable => "unavailable".into(),
        ProbeStatus::Off => "off".into(),
        ProbeStatus::Other => "in a state that this version does not know".into(),
    };
    format!("{}: {state}", escape(&probe.name))
}

/// By what it is attached; on several hosts perhaps by several.
fn mechanisms(recording: &Recording, probe: &Probe) -> String {
    let of_runs = recording.runs.iter().flat_map(|run| &run.probes);
    let same = of_runs.filter(|other| other.name == probe.name && other.status == ProbeStatus::Attached);
    let mut mechanisms: BTreeSet<_> = same.map(|probe| probe.mechanism).collect();
    mechanisms.insert(probe.mechanism);
    mechanisms.into_iter().map(|mechanism| mechanism.label()).collect::<Vec<_>>().join(" or ")
}

/// A sentence for each kind of loss.
fn losses(losses: &Losses) -> Vec<String> {
    let Losses { slow_calls_dropped, threads_dropped, calls_uncounted, parts_clamped, stacks_dropped } = *losses;
    let sentences = [
        (calls_uncounted, "call was not counted", "calls were not counted"),
        (
            threads_dropped,
            "thread found no room: its calls are counted nowhere",
            "threads found no room: their calls are counted nowhere",
        ),
        (
            slow_calls_dropped,
            "slow call has no record of its own, but is counted",
            "slow calls have no record of their own, but are counted",
        ),
        (
            parts_clamped,
            "call or sleep had parts longer than the whole, which were cut",
            "calls or sleeps had parts longer than the whole, which were cut",
        ),
        (
            stacks_dropped.unwrap_or(0),
            "disk wait or slow call has no stack: raise --max-stacks",
            "disk waits or slow calls have no stack: raise --max-stacks",
        ),
    ];
    let happened = sentences.into_iter().filter(|&(number, ..)| number > 0);
    happened.map(|(number, one, many)| counted(number, one, many)).collect()
}
