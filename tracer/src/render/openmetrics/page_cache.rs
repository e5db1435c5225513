//! What was read through the page cache, all threads and files together.

use super::family::{Family, Kind::Counter, Number};
use crate::model::PagesRead;

/// None if files were not told apart.
pub fn families(read: Option<&PagesRead>) -> Vec<Family> {
    let Some(read) = read else { return Vec::new() };
    let figures = [
        ("tracer_page_cache_reads", "", "Calls that read a file and returned bytes.", read.calls),
        ("tracer_page_cache_read_bytes", "bytes", "Bytes that they returned.", read.bytes),
        (
            "tracer_page_cache_pages",
            "",
            "Pages of 4 KiB that the returned ranges cover, without direct I/O.",
            read.pages,
        ),
        ("tracer_page_cache_cold_pages", "", "Those that were not in memory.", read.cold_requested),
        ("tracer_page_cache_read_ahead_pages", "", "Pages that were read in besides.", read.read_ahead),
        ("tracer_page_cache_direct_reads", "", "Calls that read past the page cache.", read.direct_calls),
        ("tracer_page_cache_direct_bytes", "bytes", "Bytes that these returned.", read.direct_bytes),
        ("tracer_page_cache_faults", "", "Page faults on mapped files that had to read.", read.faults),
        ("tracer_page_cache_fault_pages", "", "Pages that these brought in.", read.fault_pages),
    ];
    let family = |(name, unit, help, number)| {
        let mut family = Family::new(name, Counter, unit, help);
        family.add(&[], Number::count(number));
        family
    };
    figures.into_iter().map(family).collect()
}
