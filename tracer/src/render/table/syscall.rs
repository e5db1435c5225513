//! One system call: totals, errors, cold pages, causes, the chart, its processes and threads, the files and clients of
//! its slow and disk-blocked calls, and the calls in flight.

use super::{Report, culprits, in_flight, processes, threads};
use crate::{
    model::SyscallRecord,
    render::{
        calls::{self, Cause, Totals, errors, memory},
        color::Tint,
        columns::{
            Column::{Figure, Word},
            Columns,
        },
        facts::syscall_name,
        histogram::chart,
        layout::{labelled_items, width},
    },
    units::duration,
};

pub fn section(report: &Report, syscall: &SyscallRecord) -> String {
    let mut parts = Vec::new();
    if syscall.calls == 0 {
        let window = duration(report.recording.measured_ns());
        parts.push(format!(
            "{}: 0 calls. None was entered and returned within the window of {window}.\n",
            syscall_name(syscall)
        ));
    } else {
        parts.extend([totals(report, syscall), facts(report, syscall)]);
        parts.push(causes(report, syscall));
        let disk = report.knows_disk_waits().then_some(&syscall.by_cause.disk);
        parts.push(chart(&syscall.latency, disk, report.style.width, report.paint));
        parts.push(processes::list(report, syscall));
        parts.push(threads::list(report, syscall));
        parts.push(culprits::files(report, syscall));
        parts.push(culprits::clients(report, syscall));
        parts.push(culprits::unknown(report, syscall));
    }
    parts.push(in_flight::list(report, syscall));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn totals(report: &Report, syscall: &SyscallRecord) -> String {
    let name = syscall_name(syscall);
    let Totals { calls, bytes, latencies, disk_blocked, waited, slow } = Totals::of(report.recording, syscall);
    let [p50, p99, p999, max] = latencies;
    let blank = String::new();

    let mut line = Columns::new(&[
        (&name, Word),
        ("calls", Figure),
        ("bytes", Figure),
        ("p50", Figure),
        ("p99", Figure),
        ("p99.9", Figure),
        ("max", Figure),
        ("disk-blocked", Figure),
        ("waited", Figure),
        ("slow", Figure),
    ]);
    let cells = [&blank, &calls, &bytes, &p50, &p99, &p999, &max, &disk_blocked, &waited, &slow];
    line.row(cells.map(String::clone), None);
    if line.width() <= report.style.width {
        return line.render(0, report.style.width, report.paint);
    }

    // Too narrow: two lines, figures whole.
    let mut first = Columns::new(&[
        (&name, Word),
        ("calls", Figure),
        ("bytes", Figure),
        ("disk-blocked", Figure),
        ("waited", Figure),
        ("slow", Figure),
    ]);
    first.row([&blank, &calls, &bytes, &disk_blocked, &waited, &slow].map(String::clone), None);
    let margin = " ".repeat(width(&name));
    let mut second =
        Columns::new(&[(&margin, Word), ("p50", Figure), ("p99", Figure), ("p99.9", Figure), ("max", Figure)]);
    second.row([&blank, &p50, &p99, &p999, &max].map(String::clone), None);
    first.render(0, report.style.width, report.paint) + &second.render(0, report.style.width, report.paint)
}

fn facts(report: &Report, syscall: &SyscallRecord) -> String {
    let lines = [("errors", errors(syscall)), ("memory", memory(syscall))];
    let line = |(label, items): (&str, Option<Vec<String>>)| {
        items.map_or_else(String::new, |items| labelled_items(label, &items, report.style.width))
    };
    lines.into_iter().map(line).collect()
}

fn causes(report: &Report, syscall: &SyscallRecord) -> String {
    if !report.knows_disk_waits() {
        return String::new();
    }
    let mut list = Columns::new(&[("cause", Word), ("calls", Figure), ("", Figure), ("time", Figure), ("", Figure)]);
    for cause in calls::causes(syscall) {
        let tint = match (cause.name, cause.calls, cause.ns) {
            (_, 0, 0) => Some(Tint::Faint),
            (Cause::DISK, ..) => Some(Tint::Disk),
            _ => None,
        };
        let [calls, calls_share, time, time_share] = cause.cells(syscall);
        list.row([cause.name.into(), calls, calls_share, time, time_share], tint);
    }
    list.render(2, report.style.width, report.paint)
}
