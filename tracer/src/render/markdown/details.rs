//! What is folded away: for each system call its causes, chart and threads; the disk waits in other calls; the host and
//! the probes.

use super::{
    tables::{Table, name, path},
    text::{block, plain},
};
use crate::{
    escape::escape,
    model::{FileUse, InFlight, Recording, SyscallRecord, ThreadCalls, ThreadRecord, culprit::OTHER},
    render::{
        calls::{causes, errors, memory, page_bytes, pages_read},
        color::Paint,
        facts::{self, UNKNOWN, knows_disk_waits, sum, syscall_name, thread_name},
        histogram::chart,
        layout::fit,
        observation::Observation,
    },
    units::{NO_VALUE, bytes, count, counted, duration, latency, share},
};

/// Columns of the chart: GitHub's comments are about as wide.
const CHART: usize = 90;

/// Columns of a name in a heading.
const NAME: usize = 60;

/// Each folded section, with what to call it if it does not fit.
pub fn sections(recording: &Recording, top: usize) -> Vec<(String, String)> {
    let syscalls = recording.syscalls.iter().filter(|row| row.calls > 0 || !row.in_flight.is_empty());
    let of_syscall = |syscall: &SyscallRecord| {
        let title = format!("details of {}", plain(&fit(&syscall_name(syscall), NAME)));
        let text = syscall_details(recording, syscall, top);
        (title.clone(), folded(&title, &text))
    };
    let mut sections: Vec<_> = syscalls.map(of_syscall).collect();
    if let Some(read) = &recording.page_cache {
        let text = format!("{}\n\n", plain(&pages_read(&read.total).join(" · ")));
        sections.push((
            "page cache".into(),
            folded("page cache", &(text + &page_cache_files(recording, &read.files, top))),
        ));
    }
    if !recording.threads.is_empty() && knows_disk_waits(recording) {
        let title = "disk waits by thread, in any call";
        sections.push((title.into(), folded(title, &disk_waits(recording, top))));
    }
    sections.push(("host and probes".into(), folded("host and probes", &observation(recording))));
    sections
}

fn folded(title: &str, text: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{text}</details>\n\n")
}

fn syscall_details(recording: &Recording, syscall: &SyscallRecord, top: usize) -> String {
    let knows_disk = knows_disk_waits(recording);
    let mut out = String::new();
    for (label, items) in [("errors", errors(syscall)), ("memory", memory(syscall))] {
        if let Some(items) = items {
            out += &format!("**{label}** {}\n\n", plain(&items.join(" · ")));
        }
    }
    if knows_disk && syscall.calls > 0 {
        let mut table = Table::new(&["cause"], &["calls", "", "time", ""]);
        for cause in causes(syscall) {
            let cells = cause.cells(syscall).map(|cell| plain(&cell));
            table.row(&std::iter::once(cause.name.to_owned()).chain(cells).collect::<Vec<_>>());
        }
        out += &table.finish();
    }
    if syscall.calls > 0 {
        let disk = knows_disk.then_some(&syscall.by_cause.disk);
        out += &block(&chart(&syscall.latency, disk, CHART, Paint { color: false }));
    }
    out + &threads(recording, &syscall.threads, top) + &in_flight(recording, &syscall.in_flight, top)
}

fn threads(recording: &Recording, threads: &[ThreadCalls], top: usize) -> String {
    if threads.is_empty() {
        return String::new();
    }
    let headings = ["thread", facts::tid_heading(recording), "role"];
    let mut table = Table::on_hosts(recording, &headings, &["calls", "disk", "waited", "max"]);
    let mut add = |hostname: Option<&str>, words: [String; 3], rows: &[ThreadCalls]| {
        let knows_disk = knows_disk_waits(recording);
        let disk = |figure: String| if knows_disk { figure } else { UNKNOWN.into() };
        let max_ns = rows.iter().filter_map(|row| row.max_ns).max();
        let figures = [
            count(sum(rows, |row| row.calls)),
            disk(count(sum(rows, |row| row.disk_blocked))),
            disk(duration(sum(rows, |row| row.disk_wait_ns))),
            max_ns.map_or_else(|| NO_VALUE.into(), latency),
        ];
        table.row_on(hostname, &[words.as_slice(), &figures].concat());
    };
    let (shown, hidden) = threads.split_at(threads.len().min(top));
    for row in shown {
        let thread = &row.thread;
        let words = [name(&thread_name(thread)), facts::tid(recording, thread), thread.role.label().into()];
        add(thread.hostname.as_deref(), words, std::slice::from_ref(row));
    }
    if !hidden.is_empty() {
        let more = counted(hidden.len() as u64, "more thread", "more threads");
        add(None, [format!("… and {more}"), String::new(), String::new()], hidden);
    }
    table.finish()
}

fn in_flight(recording: &Recording, calls: &[InFlight], top: usize) -> String {
    if calls.is_empty() {
        return String::new();
    }
    let mut table = Table::on_hosts(recording, &["thread", facts::tid_heading(recording), "in flight", ""], &[]);
    for call in calls.iter().take(top) {
        let (since, state) = (facts::in_flight_since(call), facts::in_flight_state(call));
        let words = [name(&thread_name(&call.thread)), facts::tid(recording, &call.thread), since, state];
        table.row_on(call.thread.hostname.as_deref(), &words);
    }
    let hidden = calls.len().saturating_sub(top);
    if hidden > 0 {
        let more = counted(hidden as u64, "more call", "more calls");
        table.row_on(None, &[format!("… and {more}"), String::new(), String::new(), String::new()]);
    }
    table.finish()
}

fn page_cache_files(recording: &Recording, files: &[FileUse], top: usize) -> String {
    if files.is_empty() {
        return String::new();
    }
    let figures = ["calls", "read", "in memory", "cold", "by faults", "waited"];
    let mut table = Table::on_hosts(recording, &["file"], &figures);
    let waited_ns = |row: &FileUse| row.disk_wait_ns.saturating_add(row.fault_disk_wait_ns);
    for row in files.iter().take(top) {
        let read = &row.read;
        let cells = [
            if row.path == OTHER { facts::OTHER_FILES.into() } else { path(&escape(&row.path)) },
            count(read.calls),
            bytes(read.bytes),
            plain(&read.memory_share.map_or_else(|| NO_VALUE.into(), share)),
            page_bytes(read.cold_requested),
            page_bytes(read.fault_pages),
            duration(waited_ns(row)),
        ];
        table.row_on(row.hostname.as_deref(), &cells);
    }
    let hidden = &files[files.len().min(top)..];
    if !hidden.is_empty() {
        let of = |figure: fn(&FileUse) -> u64| sum(hidden, figure);
        let cells = [
            format!("… and {}", counted(hidden.len() as u64, "more file", "more files")),
            count(of(|row| row.read.calls)),
            bytes(of(|row| row.read.bytes)),
            NO_VALUE.into(),
            page_bytes(of(|row| row.read.cold_requested)),
            page_bytes(of(|row| row.read.fault_pages)),
            duration(hidden.iter().map(waited_ns).fold(0, u64::saturating_add)),
        ];
        table.row_on(None, &cells);
    }
    table.finish()
}

fn disk_waits(recording: &Recording, top: usize) -> String {
    let mut rows: Vec<&ThreadRecord> = recording.threads.iter().filter(|row| row.disk_waits > 0).collect();
    if rows.is_empty() {
        return "None of its threads waited for the disk.\n\n".into();
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.disk_wait_ns));
    let mut table = Table::on_hosts(
        recording,
        &["thread", facts::tid_heading(recording), "role", "in"],
        &["disk waits", "waited", "longest"],
    );
    for row in rows.iter().take(top) {
        let thread = &row.thread;
        let calls: Vec<_> = row.by_syscall.iter().flatten().take(3).map(|waits| facts::call(&waits.name)).collect();
        let cells = [
            name(&thread_name(thread)),
            facts::tid(recording, thread),
            thread.role.label().into(),
            plain(&calls.join(", ")),
            count(row.disk_waits),
            duration(row.disk_wait_ns),
            row.disk_wait_max_ns.map_or_else(|| NO_VALUE.into(), duration),
        ];
        table.row_on(thread.hostname.as_deref(), &cells);
    }
    let hidden = rows.split_off(rows.len().min(top));
    if !hidden.is_empty() {
        let of = |figure: fn(&ThreadRecord) -> u64| sum(hidden.iter().copied(), figure);
        let more = counted(hidden.len() as u64, "more thread", "more threads");
        let blank = String::new;
        let (waits, waited) = (count(of(|row| row.disk_waits)), duration(of(|row| row.disk_wait_ns)));
        table.row_on(None, &[format!("… and {more}"), blank(), blank(), blank(), waits, waited, blank()]);
    }
    table.finish()
}

fn observation(recording: &Recording) -> String {
    let Observation { states, untold, .. } = Observation::of(recording);
    let mut out = format!("**host** {}\n\n", plain(&facts::host(recording).join(" · ")));
    out += &format!("**probes** {}\n\n", plain(&states.join(" · ")));
    if let Some(untold) = untold {
        out += &format!("**missed** {}\n\n", plain(&untold));
    }
    out + "Percentiles are the upper ends of buckets that are at most a sixteenth wide; the recording as JSON has all of it.\n\n"
}
