//! Who was measured, when, by which probes, and whether anything escaped them.

use super::{Report, program::program};
use crate::{
    model::{Losses, Probe, ProbeStatus, Process},
    render::{
        color::Tint,
        escape::escape,
        layout::{fit, labelled, labelled_items, width},
        units::{counted, duration, setting},
    },
};

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
    out += &probes(report);
    out
}

fn first_line(report: &Report) -> String {
    let recording = report.recording;
    let mut families: Vec<&str> = Vec::new();
    for syscall in &recording.syscalls {
        if !families.contains(&syscall.family.as_str()) {
            families.push(&syscall.family);
        }
    }
    let command = escape(format!("{} {}", recording.tool.name, families.join(" + ")).trim_end());
    let window = duration(recording.window.duration_ns);
    let window = match recording.target.ended_early {
        Some(true) => format!("{window}, then the target ended"),
        _ => window,
    };
    let threshold = format!("threshold {}", setting(recording.threshold_ns));
    let separator = " · ";
    let others = [&command, &window, &threshold].map(|piece| width(piece) + width(separator)).iter().sum::<usize>();
    let room = report.style.width.saturating_sub(others);
    [command, target(&recording.target.processes, &recording.target.selector, room), window, threshold]
        .join(separator)
        + "\n"
}

/// The target in about `room` columns.
fn target(processes: &[Process], selector: &str, room: usize) -> String {
    match processes {
        [] => format!("{}: no process", escape(selector)),
        [process] => described(process, "pid ", room),
        _ => {
            let shown = &processes[..processes.len().min(PROCESSES)];
            let hidden = processes.len() - shown.len();
            let more = if hidden > 0 { format!(", and {hidden} more") } else { String::new() };
            let room_for_each = room.saturating_sub("pids ".len() + width(&more)) / shown.len();
            let shown: Vec<_> = shown.iter().map(|process| described(process, "", room_for_each.saturating_sub(2))).collect();
            format!("pids {}{more}", shown.join(", "))
        }
    }
}

/// `pid 4088 java (kafka.Kafka)`: the id whole, the names cut to fit.
fn described(process: &Process, before: &str, room: usize) -> String {
    let id = format!("{before}{} ", process.pid);
    let comm = escape(&process.comm);
    let names = match program(process) {
        Some(program) => format!("{comm} ({})", escape(&program)),
        None => comm,
    };
    let room = room.saturating_sub(width(&id)).max(8);
    format!("{id}{}", fit(&names, room))
}

fn host(report: &Report) -> Vec<String> {
    let recording = report.recording;
    let mut items: Vec<_> = match recording.hosts.as_slice() {
        [host] => vec![
            escape(&host.hostname),
            format!("Linux {} {}", escape(&host.kernel), escape(&host.arch)),
            counted(host.cpus.into(), "CPU", "CPUs"),
        ],
        hosts => hosts.iter().map(|host| escape(&host.hostname)).collect(),
    };
    items.push(format!("from {}", recording.window.start.strftime("%Y-%m-%d %H:%M:%S UTC")));
    items
}

/// One line where all is well, one more for each thing that is not.
fn probes(report: &Report) -> String {
    let columns = report.style.width;
    let probes = &report.recording.probes;
    let losses = losses(&report.recording.losses);
    let mut items: Vec<_> = probes.iter().map(state).collect();
    let attached = || probes.iter().filter(|probe| probe.status == ProbeStatus::Attached);
    let missed: Vec<_> = attached().filter(|probe| probe.missed.is_some_and(|missed| missed > 0)).collect();
    let untold: Vec<_> = attached().filter(|probe| probe.missed.is_none()).map(|probe| escape(&probe.name)).collect();
    if missed.is_empty() && untold.is_empty() && attached().next().is_some() {
        items.push("nothing missed".into());
    }
    if losses.is_empty() {
        items.push("nothing lost".into());
    }
    let mut out = labelled_items("probes", &items, columns);

    let mut warnings = String::new();
    for probe in probes.iter().filter(|probe| probe.status == ProbeStatus::Unavailable) {
        let reason = probe.reason.as_deref().map_or_else(|| "no reason is recorded".into(), escape);
        warnings += &labelled("not seen", &format!("{}: {reason}", escape(&probe.name)), columns);
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

fn state(probe: &Probe) -> String {
    let state = match probe.status {
        ProbeStatus::Attached => probe.mechanism.label(),
        ProbeStatus::Unavailable => "unavailable",
        ProbeStatus::Off => "off",
    };
    format!("{}: {state}", escape(&probe.name))
}

/// A sentence for each kind of loss.
fn losses(losses: &Losses) -> Vec<String> {
    let Losses { slow_calls_dropped, threads_dropped, calls_uncounted, parts_clamped } = *losses;
    let sentences = [
        (calls_uncounted, "call was not counted", "calls were not counted"),
        (threads_dropped, "thread found no room, its calls are in no figure", "threads found no room, their calls are in no figure"),
        (slow_calls_dropped, "slow call has no record of its own; it is counted", "slow calls have no record of their own; they are counted"),
        (parts_clamped, "call had parts longer than the whole, they were cut", "calls had parts longer than the whole, they were cut"),
    ];
    let happened = sentences.into_iter().filter(|&(number, ..)| number > 0);
    happened.map(|(number, one, many)| counted(number, one, many)).collect()
}
