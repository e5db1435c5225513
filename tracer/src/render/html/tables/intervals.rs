//! The pieces of the window, as figures: what the heat map draws, for those who read.

use super::{size, time};
use crate::{
    render::{
        html::{
            facts::Facts,
            listing::{Cell, Listing, column},
            markup::{Element, el},
            timeline::Slice,
        },
        percentile::of_buckets,
    },
    units::{count, duration, latency},
};

/// The slices of one system call; `id` is the table's.
pub fn table(facts: &Facts, id: &str, name: &str, slices: &[Slice]) -> Element {
    let known = facts.knows_disk_waits;
    let columns = [
        column("at_ns", "From", |row: &Slice| time(row.at_ns)),
        column("end_ns", "To", |row: &Slice| time(row.end_ns)),
        column("calls", "Calls", |row: &Slice| Cell::count(row.calls)),
        column("bytes", "Bytes", |row: &Slice| size(row.bytes)),
        column("disk_blocked", "Disk-blocked", move |row: &Slice| {
            Cell::known(known.then_some(row.disk_blocked), count)
        }),
        column("disk_wait_ns", "Waited", move |row: &Slice| Cell::known(known.then_some(row.disk_wait_ns), duration)),
        column("slow", "Slow", |row: &Slice| Cell::count(row.slow)),
        column("p50", "p50", |row: &Slice| Cell::known(of_buckets(&row.latency, 500), latency)),
        column("p99", "p99", |row: &Slice| Cell::known(of_buckets(&row.latency, 990), latency)),
    ];
    let listing = Listing { id, caption: &format!("{name} over time"), row: ("interval", "intervals"), sorted_by: "" };
    let summary = el("summary").text(format!("The figures of this chart: {name} over time"));
    el("details").child(summary).child(listing.render(&columns, slices, |row| row.disk_blocked > 0))
}
