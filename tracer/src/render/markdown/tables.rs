//! The tables that everybody sees: system calls, event loops, files, clients.

use super::text::{code, plain};
use crate::{
    escape::escape,
    model::{
        ClientCalls, EventLoop, FileCalls, Recording, SyscallRecord,
        culprit::{NONE, OTHER},
    },
    render::{
        calls::Totals,
        facts::{self, Rows, culprit_figures, sum, syscall_name},
        hosts,
        layout::{fit, fit_path},
        loops,
    },
    units::{NO_VALUE, counted, duration},
};

/// Columns for a name, so that a table stays small.
const NAME: usize = 60;

/// A table, built row by row.
pub struct Table {
    text: String,
    has_hosts: bool,
}

impl Table {
    /// Left-aligned columns, then right-aligned ones.
    pub fn new(left: &[&str], right: &[&str]) -> Self {
        let headings = [left, right].concat().join(" | ");
        let rules = [vec![":--"; left.len()], vec!["--:"; right.len()]].concat().join(" | ");
        Self { text: format!("| {headings} |\n| {rules} |\n"), has_hosts: false }
    }

    /// The same, with a first column for the host where there are several.
    pub fn on_hosts(recording: &Recording, left: &[&str], right: &[&str]) -> Self {
        let host = hosts::heading(recording);
        let left: Vec<_> = host.into_iter().chain(left.iter().copied()).collect();
        Self { has_hosts: host.is_some(), ..Self::new(&left, right) }
    }

    /// Adds a row about something on a host; `None` if it is about several.
    pub fn row_on(&mut self, hostname: Option<&str>, cells: &[String]) {
        let host = self.has_hosts.then(|| hostname.map_or_else(String::new, |host| name(&escape(host))));
        self.row(&host.into_iter().chain(cells.iter().cloned()).collect::<Vec<_>>());
    }

    /// Adds a row; what somebody else chose is escaped already.
    pub fn row(&mut self, cells: &[String]) {
        self.text += &format!("| {} |\n", cells.join(" | "));
    }

    /// The lines, and an empty one.
    pub fn finish(self) -> String {
        self.text + "\n"
    }
}

/// A name in a cell.
pub fn name(text: &str) -> String {
    code(&fit(text, NAME))
}

/// A path or an address in a cell.
pub fn path(text: &str) -> String {
    code(&fit_path(text, NAME))
}

/// Each table, with what to call it if it does not fit.
pub fn sections(recording: &Recording, top: usize) -> Vec<(String, String)> {
    let mut sections = vec![("system calls".to_owned(), syscalls(recording))];
    sections.push(("event loops".to_owned(), event_loops(recording, top)));
    for syscall in &recording.syscalls {
        let of = plain(&fit(&syscall_name(syscall), NAME));
        sections.push((format!("files of {of}"), files(recording, syscall, top)));
        sections.push((format!("clients of {of}"), clients(recording, syscall, top)));
    }
    sections
}

fn syscalls(recording: &Recording) -> String {
    let rows = &recording.syscalls;
    if rows.is_empty() {
        return String::new();
    }
    // Of one, that it was not called is the news; of many it is noise.
    let is_news = |row: &&SyscallRecord| row.calls > 0 || rows.len() == 1;
    let figures = ["calls", "bytes", "p50", "p99", "p99.9", "max", "disk-blocked", "waited", "slow"];
    let mut table = Table::new(&["system call"], &figures);
    for syscall in rows.iter().filter(is_news) {
        let Totals { calls, bytes, latencies, disk_blocked, waited, slow } = Totals::of(recording, syscall);
        let mut cells = vec![name(&syscall_name(syscall)), calls, bytes];
        cells.extend(latencies);
        cells.extend([disk_blocked, waited, slow].map(|cell| plain(&cell)));
        table.row(&cells);
    }
    let mut quiet: Vec<_> = rows.iter().filter(|row| !is_news(row)).map(|row| escape(&row.name)).collect();
    quiet.dedup();
    let quiet = if quiet.is_empty() { String::new() } else { format!("Not called: {}\n\n", plain(&quiet.join(", "))) };
    let table = if rows.iter().any(|row| is_news(&row)) { table.finish() } else { String::new() };
    table + &quiet
}

fn event_loops(recording: &Recording, top: usize) -> String {
    let rows = &recording.event_loops;
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::on_hosts(recording, &["event loop", facts::tid_heading(recording)], &loops::HEADINGS);
    let mut add = |hostname: Option<&str>, words: [String; 2], rows: &[EventLoop]| {
        let figures = loops::figures(recording, rows).map(|cell| plain(&cell));
        table.row_on(hostname, &words.into_iter().chain(figures).collect::<Vec<_>>());
    };
    let (shown, hidden) = rows.split_at(rows.len().min(top));
    for row in shown {
        let words = [name(&facts::thread_name(&row.thread)), facts::tid(recording, &row.thread)];
        add(row.thread.hostname.as_deref(), words, std::slice::from_ref(row));
    }
    if !hidden.is_empty() {
        let more = counted(hidden.len() as u64, "more event loop", "more event loops");
        add(None, [format!("… and {more}"), String::new()], hidden);
    }
    table.finish()
}

/// Heading of the calls that the lists of files and clients are about.
const CALLS: &str = "slow or disk-blocked";

fn files(recording: &Recording, syscall: &SyscallRecord, top: usize) -> String {
    let files = syscall.files.as_deref().unwrap_or_default();
    if files.iter().all(|row| row.path == NONE) {
        return String::new();
    }
    let mut table = Table::on_hosts(recording, &["file", "device"], &["offsets", CALLS, "disk", "waited"]);
    let mut add = |words: [String; 3], rows: &[&FileCalls]| {
        let of = |figure: fn(&FileCalls) -> u64| sum(rows.iter().copied(), figure);
        let figures =
            culprit_figures(recording, of(|row| row.calls), of(|row| row.disk_blocked), of(|row| row.disk_wait_ns));
        let hostname = hosts::only(rows, |row| row.hostname.as_deref());
        table.row_on(hostname, &words.into_iter().chain(figures).collect::<Vec<_>>());
    };
    let rows = Rows::of(files, |row| row.path == OTHER, top);
    for row in rows.shown {
        let device = facts::device(row).map_or_else(|| NO_VALUE.into(), |device| name(&device));
        let offsets = facts::offsets(row).unwrap_or_else(|| NO_VALUE.into());
        add([path(&facts::path(row)), device, offsets], &[row]);
    }
    if !rows.hidden.is_empty() {
        let more = counted(rows.hidden.len() as u64, "more file", "more files");
        add([format!("… and {more}"), String::new(), String::new()], &rows.hidden);
    }
    for row in rows.other {
        add([facts::other(recording), String::new(), String::new()], &[row]);
    }
    table.finish()
}

fn clients(recording: &Recording, syscall: &SyscallRecord, top: usize) -> String {
    let clients = syscall.clients.as_deref().unwrap_or_default();
    if clients.iter().all(|row| row.address == NONE) {
        return String::new();
    }
    let mut table = Table::on_hosts(recording, &["client", "label"], &[CALLS, "disk", "waited", "took"]);
    let mut add = |words: [String; 2], rows: &[&ClientCalls]| {
        let of = |figure: fn(&ClientCalls) -> u64| sum(rows.iter().copied(), figure);
        let figures =
            culprit_figures(recording, of(|row| row.calls), of(|row| row.disk_blocked), of(|row| row.disk_wait_ns));
        let took = duration(of(|row| row.time_ns));
        let hostname = hosts::only(rows, |row| row.hostname.as_deref());
        table.row_on(hostname, &words.into_iter().chain(figures).chain([took]).collect::<Vec<_>>());
    };
    let rows = Rows::of(clients, |row| row.address == OTHER, top);
    for row in rows.shown {
        let label = row.label.as_deref().map_or_else(String::new, name);
        add([path(&facts::address(row)), label], &[row]);
    }
    if !rows.hidden.is_empty() {
        let more = counted(rows.hidden.len() as u64, "more client", "more clients");
        add([format!("… and {more}"), String::new()], &rows.hidden);
    }
    for row in rows.other {
        add([facts::other(recording), String::new()], &[row]);
    }
    table.finish()
}
