//! What was read through the page cache: in all, by file and by thread.

use super::{host_column, known_share, size, thread_columns};
use crate::{
    model::{FileUse, PageCache, PagesRead, ThreadPages, culprit::OTHER},
    render::html::{
        facts::Facts,
        listing::{Cell, Column, Listing, ROWS_MAX, column, sum, worst},
        section::Section,
    },
    units::{count, counted, duration},
};

/// Reads by file and by thread.
pub fn section(facts: &Facts) -> Option<Section> {
    let read = facts.recording.page_cache.as_ref()?;
    let mut section = Section::new("page-cache", "Page cache");
    section.note(
        "All reads of files, slow or not, and page faults on mapped ones. A cold page (4 KiB) had to be read in; that \
         says nothing about waiting, disk waits do."
            .into(),
    );
    all(&mut section, read);
    files(facts, &mut section, read);
    threads(facts, &mut section, read);
    Some(section)
}

fn all(section: &mut Section, read: &PageCache) {
    let listing =
        Listing { id: "page-cache-table", caption: "All reads together", row: ("row", "rows"), sorted_by: "" };
    section.add(listing.render(&read_columns(|row: &&PagesRead| row), &[&read.total], |_| false));
}

fn files(facts: &Facts, section: &mut Section, read: &PageCache) {
    let badness = |row: &&FileUse| (row.read.cold_requested, row.read.fault_pages, row.disk_wait_ns, row.read.bytes);
    let rows = worst(read.files.iter().collect(), ROWS_MAX, badness, |row| row.path == OTHER);
    if rows.shown.is_empty() {
        return;
    }
    if !rows.hidden.is_empty() {
        section.note(format!(
            "The coldest {} of {} are listed. {} were read of the others.",
            count(rows.shown.len() as u64),
            counted(read.files.len() as u64, "file", "files"),
            counted(sum(&rows.hidden, |row| row.read.cold_requested), "cold page", "cold pages"),
        ));
    }
    let known = facts.knows_disk_waits;
    let mut columns = vec![
        host_column(|row: &&FileUse| row.hostname.as_deref()),
        column("path", "File", |row: &&FileUse| match row.path.as_str() {
            OTHER => Cell::Text("(other: without a row of their own)".into()),
            path => Cell::Name(path.into()),
        }),
        column("device", "Device", |row: &&FileUse| match row.device_name.as_ref().or(row.device.as_ref()) {
            Some(device) => Cell::Text(device.clone()),
            None => Cell::Absent,
        }),
    ];
    columns.extend(read_columns(|row: &&FileUse| &row.read));
    columns.push(column("disk_blocked", "Disk-blocked", move |row: &&FileUse| {
        Cell::known(known.then_some(row.disk_blocked), count)
    }));
    columns.push(column("disk_wait_ns", "Waited", move |row: &&FileUse| {
        Cell::known(known.then_some(row.disk_wait_ns), duration)
    }));
    let listing = Listing {
        id: "cached-files-table",
        caption: "Files read through the page cache",
        row: ("file", "files"),
        sorted_by: "cold_requested",
    };
    section.add(listing.render(&columns, &rows.shown, |row| row.disk_blocked > 0));
}

fn threads(facts: &Facts, section: &mut Section, read: &PageCache) {
    let badness =
        |row: &&ThreadPages| (row.read.cold_requested, row.read.fault_pages, row.disk_wait_ns, row.read.bytes);
    let rows = worst(read.threads.iter().collect(), ROWS_MAX, badness, |_| false);
    if rows.shown.is_empty() {
        return;
    }
    if !rows.hidden.is_empty() {
        section.note(format!(
            "The coldest {} of {} are listed. The others read {}.",
            count(rows.shown.len() as u64),
            counted(read.threads.len() as u64, "thread", "threads"),
            counted(sum(&rows.hidden, |row| row.read.cold_requested), "cold page", "cold pages"),
        ));
    }
    let known = facts.knows_disk_waits;
    let disk = move |figure: u64| known.then_some(figure);
    let mut columns = thread_columns(facts, |row: &&ThreadPages| &row.thread);
    columns.extend(read_columns(|row: &&ThreadPages| &row.read));
    columns.extend([
        column("disk_waits", "Disk waits", move |row: &&ThreadPages| Cell::known(disk(row.disk_waits), count)),
        column("disk_wait_ns", "Waited", move |row: &&ThreadPages| Cell::known(disk(row.disk_wait_ns), duration)),
        column("fault_disk_waits", "In faults", move |row: &&ThreadPages| {
            Cell::known(disk(row.fault_disk_waits), count)
        }),
        column("fault_disk_wait_ns", "Waited in faults", move |row: &&ThreadPages| {
            Cell::known(disk(row.fault_disk_wait_ns), duration)
        }),
    ]);
    let listing = Listing {
        id: "cached-threads-table",
        caption: "Threads that read through the page cache",
        row: ("thread", "threads"),
        sorted_by: "cold_requested",
    };
    section.add(listing.render(&columns, &rows.shown, |row| row.disk_waits > 0 || row.fault_disk_waits > 0));
}

/// What was read, and how much of it was not in memory.
fn read_columns<'a, R: 'a>(of: fn(&R) -> &PagesRead) -> Vec<Column<'a, R>> {
    vec![
        column("calls", "Reads", move |row| Cell::count(of(row).calls)),
        column("bytes", "Bytes", move |row| size(of(row).bytes)),
        column("cold_requested", "Cold pages", move |row| Cell::count(of(row).cold_requested)),
        column("read_ahead", "Read ahead", move |row| Cell::count(of(row).read_ahead)),
        column("memory_share", "In memory", move |row| known_share(of(row).memory_share)),
        column("direct_calls", "Direct I/O", move |row| Cell::count(of(row).direct_calls)),
        column("faults", "Faults", move |row| Cell::count(of(row).faults)),
        column("fault_pages", "Pages by faults", move |row| Cell::count(of(row).fault_pages)),
    ]
}
