//! What was read through the page cache: in all, by file and by thread.

use std::collections::BTreeSet;

use super::Report;
use crate::{
    escape::escape,
    model::{FileUse, PagesRead, ThreadPages, culprit::OTHER, memory_share},
    render::{
        calls::{page_bytes, pages_read},
        color::Tint,
        columns::{
            Column::{Figure, Name, Path},
            Columns, time,
        },
        facts::{OTHER_FILES, thread_name},
        layout::labelled_items,
    },
    units::{NO_VALUE, bytes, count, counted, share},
};

pub fn section(report: &Report) -> String {
    let Some(read) = &report.recording.page_cache else { return String::new() };
    let mut parts = vec![labelled_items("files", &pages_read(&read.total), report.style.width)];
    parts.extend([files(report, &read.files), threads(report, &read.threads)]);
    parts.retain(|part| !part.is_empty());
    report.paint.lines(Tint::Heading, "Page cache\n") + &parts.join("\n")
}

/// Which of the columns that only some recordings need have something to show.
struct Shown {
    direct: bool,
    faults: bool,
}

impl Shown {
    fn of<'a>(rows: impl Iterator<Item = &'a PagesRead>) -> Self {
        rows.fold(Self { direct: false, faults: false }, |shown, row| Self {
            direct: shown.direct || row.direct_calls > 0,
            faults: shown.faults || row.faults > 0,
        })
    }

    fn headings(&self) -> Vec<(&'static str, super::super::columns::Column)> {
        let mut headings =
            vec![("calls", Figure), ("read", Figure), ("in memory", Figure), ("cold", Figure), ("ahead", Figure)];
        headings.extend(self.faults.then_some(("by faults", Figure)));
        headings.extend(self.direct.then_some(("direct", Figure)));
        headings.push(("waited", Figure));
        headings
    }

    fn cells(&self, read: &PagesRead, waited_ns: u64) -> Vec<String> {
        let pages = |pages: u64| if pages == 0 { "0".into() } else { page_bytes(pages) };
        let in_memory = read.memory_share.map_or_else(|| NO_VALUE.into(), share);
        let mut cells =
            vec![count(read.calls), bytes(read.bytes), in_memory, pages(read.cold_requested), pages(read.read_ahead)];
        cells.extend(self.faults.then(|| pages(read.fault_pages)));
        cells.extend(self.direct.then(|| bytes(read.direct_bytes)));
        cells.push(time(waited_ns));
        cells
    }
}

fn tint(read: &PagesRead) -> Option<Tint> {
    (read.cold_requested > 0 || read.fault_pages > 0).then_some(Tint::Disk)
}

fn files(report: &Report, files: &[FileUse]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let shown = Shown::of(files.iter().map(|row| &row.read));
    let devices: BTreeSet<_> =
        files.iter().filter_map(|row| row.device_name.as_deref().or(row.device.as_deref())).collect();
    let heading = match devices.first() {
        Some(device) if devices.len() == 1 => format!("file on {}", escape(device)),
        _ => "file".into(),
    };
    let mut headings = vec![(heading.as_str(), Path)];
    headings.extend(shown.headings());
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let (rows, more) = files.split_at(files.len().min(report.style.top));
    let waited = |row: &FileUse| row.disk_wait_ns.saturating_add(row.fault_disk_wait_ns);
    for row in rows {
        let path = if row.path == OTHER { OTHER_FILES.into() } else { escape(&row.path) };
        let words = report.host(row.hostname.as_deref()).into_iter().chain([path]);
        list.row(words.chain(shown.cells(&row.read, waited(row))).collect::<Vec<_>>(), tint(&row.read));
    }
    if !more.is_empty() {
        let sum = more.iter().fold(PagesRead::default(), |sum, row| plus(sum, &row.read));
        let waited_ns = more.iter().fold(0u64, |sum, row| sum.saturating_add(waited(row)));
        let name = format!("… and {}", counted(more.len() as u64, "more file", "more files"));
        let words = report.host(None).into_iter().chain([name]);
        list.row(words.chain(shown.cells(&sum, waited_ns)).collect::<Vec<_>>(), tint(&sum));
    }
    list.render(2, report.style.width, report.paint)
}

fn threads(report: &Report, threads: &[ThreadPages]) -> String {
    if threads.is_empty() {
        return String::new();
    }
    let shown = Shown::of(threads.iter().map(|row| &row.read));
    let mut headings = vec![(report.tid_heading(), Figure), ("thread", Name)];
    headings.extend(shown.headings());
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let (rows, more) = threads.split_at(threads.len().min(report.style.top));
    let waited = |row: &ThreadPages| row.disk_wait_ns.saturating_add(row.fault_disk_wait_ns);
    for row in rows {
        let words = report.host(row.thread.hostname.as_deref()).into_iter();
        let words = words.chain([report.tid(&row.thread), thread_name(&row.thread)]);
        list.row(words.chain(shown.cells(&row.read, waited(row))).collect::<Vec<_>>(), tint(&row.read));
    }
    if !more.is_empty() {
        let sum = more.iter().fold(PagesRead::default(), |sum, row| plus(sum, &row.read));
        let waited_ns = more.iter().fold(0u64, |sum, row| sum.saturating_add(waited(row)));
        let words = ["…".into(), format!("and {}", counted(more.len() as u64, "more thread", "more threads"))];
        let words = report.host(None).into_iter().chain(words);
        list.row(words.chain(shown.cells(&sum, waited_ns)).collect::<Vec<_>>(), tint(&sum));
    }
    list.render(2, report.style.width, report.paint)
}

/// The sum of two rows. Its share of memory is left unknown where a row's pages do not tell it.
fn plus(one: PagesRead, other: &PagesRead) -> PagesRead {
    let add = u64::saturating_add;
    let (pages, cold) = (add(one.pages, other.pages), add(one.cold_requested, other.cold_requested));
    PagesRead {
        calls: add(one.calls, other.calls),
        bytes: add(one.bytes, other.bytes),
        pages,
        cold_requested: cold,
        read_ahead: add(one.read_ahead, other.read_ahead),
        memory_share: memory_share(cold, pages),
        direct_calls: add(one.direct_calls, other.direct_calls),
        direct_bytes: add(one.direct_bytes, other.direct_bytes),
        faults: add(one.faults, other.faults),
        fault_pages: add(one.fault_pages, other.fault_pages),
    }
}
