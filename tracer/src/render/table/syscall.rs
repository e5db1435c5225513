//! One system call: totals, errors, cold pages, causes, the chart, its threads, the files and clients of
//! its slow and disk-blocked calls, and the calls in flight.

use super::{Report, culprits, in_flight, label, threads};
use crate::{
    escape::escape,
    model::SyscallRecord,
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Word},
            Columns, time,
        },
        histogram::chart,
        layout::{labelled_items, width},
    },
    units::{NO_VALUE, bytes, count, counted, duration, latency, percent, share},
};

/// Bytes in a page, as `cold_requested` and `read_ahead` count them.
const PAGE_BYTES: u64 = 4096;

pub fn section(report: &Report, syscall: &SyscallRecord) -> String {
    let mut parts = Vec::new();
    if syscall.calls == 0 {
        let window = duration(report.recording.measured_ns());
        parts.push(format!(
            "{}: 0 calls. None was entered and returned within the window of {window}.\n",
            escape(&syscall.name)
        ));
    } else {
        parts.push(totals(report, syscall) + "\n" + &facts(report, syscall));
        parts.push(causes(report, syscall));
        let disk = report.knows_disk_waits().then_some(&syscall.by_cause.disk);
        parts.push(chart(&syscall.latency, disk, report.style.width, report.paint));
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
    let name = label(syscall);
    let percentile = |per_mille| syscall.latency.percentile(per_mille).map_or_else(|| NO_VALUE.into(), latency);
    let max = syscall.latency.max_ns().map_or_else(|| NO_VALUE.into(), latency);
    let (blocked, waited) = if report.knows_disk_waits() {
        let blocked = format!("{} ({})", count(syscall.disk_blocked), percent(syscall.disk_blocked, syscall.calls));
        (blocked, time(syscall.time_ns.disk))
    } else {
        ("unknown".into(), "unknown".into())
    };
    let amounts = [count(syscall.calls), bytes(syscall.bytes)];
    let latencies = [percentile(500), percentile(990), percentile(999), max];
    let disk = [blocked, waited, count(syscall.slow)];
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
    let ([calls, sent], [p50, p99, p999, max], [blocked, waited, slow]) = (amounts, latencies, disk);
    let cells = [&blank, &calls, &sent, &p50, &p99, &p999, &max, &blocked, &waited, &slow];
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
    first.row([&blank, &calls, &sent, &blocked, &waited, &slow].map(String::clone), None);
    let margin = " ".repeat(width(&name));
    let mut second =
        Columns::new(&[(&margin, Word), ("p50", Figure), ("p99", Figure), ("p99.9", Figure), ("max", Figure)]);
    second.row([&blank, &p50, &p99, &p999, &max].map(String::clone), None);
    first.render(0, report.style.width, report.paint) + &second.render(0, report.style.width, report.paint)
}

fn facts(report: &Report, syscall: &SyscallRecord) -> String {
    let columns = report.style.width;
    let mut out = String::new();
    if syscall.errors > 0 {
        let mut by_name: Vec<_> = syscall.errors_by_name.iter().collect();
        by_name.sort_by_key(|&(name, &number)| (std::cmp::Reverse(number), name));
        let total = format!("{} failed", counted(syscall.errors, "call", "calls"));
        let by_name = by_name.into_iter().map(|(name, &number)| format!("{} {}", escape(name), count(number)));
        out += &labelled_items("errors", &std::iter::once(total).chain(by_name).collect::<Vec<_>>(), columns);
    }
    match memory(syscall) {
        Some(items) => out + &labelled_items("memory", &items, columns),
        None => out,
    }
}

/// Share of the pages that was in memory, and what was read in; `None` if nothing was returned.
fn memory(syscall: &SyscallRecord) -> Option<Vec<String>> {
    let Some(cold) = syscall.cold_requested else {
        return Some(vec!["unknown: the page cache was not observed".into()]);
    };
    if syscall.bytes == 0 {
        return None;
    }
    let in_memory = match syscall.memory_share {
        Some(in_memory) => format!("{} of the pages were in memory", share(in_memory)),
        None => "share of the pages in memory: unknown".into(),
    };
    let size = |pages: u64| bytes(pages.saturating_mul(PAGE_BYTES));
    let mut items = vec![in_memory];
    if cold > 0 {
        items.push(format!("{} ({})", counted(cold, "cold page", "cold pages"), size(cold)));
    }
    if let Some(ahead) = syscall.read_ahead.filter(|&ahead| ahead > 0) {
        items.push(format!("{} read ahead ({})", count(ahead), size(ahead)));
    }
    Some(items)
}

/// Each call has one cause; each ns of a call is in one of the four parts.
fn causes(report: &Report, syscall: &SyscallRecord) -> String {
    if !report.knows_disk_waits() {
        return String::new();
    }
    let (parts, cause) = (&syscall.time_ns, &syscall.by_cause);
    let total_ns = [parts.on_cpu, parts.disk, parts.runqueue, parts.other].into_iter().fold(0u64, u64::saturating_add);
    let mut list = Columns::new(&[("cause", Word), ("calls", Figure), ("", Figure), ("time", Figure), ("", Figure)]);
    let rows = [
        ("on CPU", cause.on_cpu.count(), parts.on_cpu),
        ("disk", cause.disk.count(), parts.disk),
        ("run queue", cause.runqueue.count(), parts.runqueue),
        ("other wait", cause.other.count(), parts.other),
    ];
    for (name, calls, ns) in rows {
        let tint = match (name, calls, ns) {
            (_, 0, 0) => Some(Tint::Faint),
            ("disk", ..) => Some(Tint::Disk),
            _ => None,
        };
        list.row([name.into(), count(calls), percent(calls, syscall.calls), time(ns), percent(ns, total_ns)], tint);
    }
    list.render(2, report.style.width, report.paint)
}
