//! What was read through the page cache: in all, by file and by thread.

use super::{Checked, equal, of_thread, require, share, sum, unique};
use crate::model::{FileUse, PageCache, PagesRead, Recording};

pub fn check(recording: &Recording) -> Checked {
    let Some(read) = &recording.page_cache else { return Ok(()) };
    reads("page_cache", &read.total)?;
    for (index, row) in read.files.iter().enumerate() {
        let place = format!("page_cache.files[{index}]");
        reads(&place, &row.read)?;
        waits(&place, row.disk_blocked, row.disk_wait_ns)?;
        waits(&place, row.fault_disk_waits, row.fault_disk_wait_ns)?;
    }
    unique("page_cache.threads", read.threads.iter().map(|row| row.thread.identity()))?;
    for row in &read.threads {
        let place = of_thread("page_cache", &row.thread);
        reads(&place, &row.read)?;
        waits(&place, row.disk_waits, row.disk_wait_ns)?;
        waits(&place, row.fault_disk_waits, row.fault_disk_wait_ns)?;
    }
    of_files(read)
}

/// The share is that of the pages, and direct I/O is a part of the calls.
fn reads(place: &str, read: &PagesRead) -> Checked {
    share(place, read.memory_share, read.cold_requested, read.pages)?;
    require(read.pages == 0 || read.memory_share.is_some(), place, || "pages without a memory_share".into())?;
    require(read.direct_calls <= read.calls, place, || "more direct calls than calls".into())?;
    require(read.direct_bytes <= read.bytes, place, || "more direct bytes than bytes".into())
}

fn waits(place: &str, number: u64, ns: u64) -> Checked {
    require(number > 0 || ns == 0, place, || format!("{ns} ns of disk waits, of which there were none"))
}

/// The files together are all that was read.
fn of_files(read: &PageCache) -> Checked {
    let of = |figure: fn(&PagesRead) -> u64| (figure(&read.total), sum(&read.files, |row: &FileUse| figure(&row.read)));
    for (what, (whole, files)) in [
        ("calls", of(|read| read.calls)),
        ("bytes", of(|read| read.bytes)),
        ("pages", of(|read| read.pages)),
        ("cold_requested", of(|read| read.cold_requested)),
        ("read_ahead", of(|read| read.read_ahead)),
        ("direct_calls", of(|read| read.direct_calls)),
        ("direct_bytes", of(|read| read.direct_bytes)),
        ("faults", of(|read| read.faults)),
        ("fault_pages", of(|read| read.fault_pages)),
    ] {
        equal("page_cache", what, whole, "the sum of its files", files)?;
    }
    Ok(())
}
