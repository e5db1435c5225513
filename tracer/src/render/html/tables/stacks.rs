//! Where in the kernel and in the program threads waited for the disk.

use super::{host_column, time};
use crate::{
    model::Stack,
    render::html::{
        facts::{Facts, call},
        listing::{Cell, Listing, ROWS_MAX, column, sum, worst},
        section::Section,
    },
    units::{count, counted, duration},
};

/// The stacks of disk waits, if they were wanted.
pub fn section(facts: &Facts) -> Option<Section> {
    let stacks = facts.recording.stacks.as_ref()?;
    let several = facts.recording.target.processes.len() > 1;
    let rows = worst(stacks.iter().collect(), ROWS_MAX, |row: &&Stack| (row.disk_wait_ns, row.slow_calls), |_| false);
    let mut section = Section::new("stacks", "Stacks of disk waits");
    section.note("Functions, the innermost first: those of the program, then those of the kernel.".into());
    if !rows.hidden.is_empty() {
        section.note(format!(
            "The worst {} of {} are listed. The others waited {}.",
            count(rows.shown.len() as u64),
            counted(stacks.len() as u64, "stack", "stacks"),
            duration(sum(&rows.hidden, |row| row.disk_wait_ns)),
        ));
    }
    let frames = |frames: &[String]| if frames.is_empty() { Cell::Absent } else { Cell::Name(frames.join(" ← ")) };
    let columns =
        [
            column("disk_wait_ns", "Waited", |row: &&Stack| time(row.disk_wait_ns)),
            column("disk_waits", "Disk waits", |row: &&Stack| Cell::count(row.disk_waits)),
            column("syscall", "In", |row: &&Stack| Cell::Text(call(&row.syscall))),
            column("user", "Program", move |row: &&Stack| frames(&row.user)),
            column("kernel", "Kernel", move |row: &&Stack| frames(&row.kernel)),
            column("slow_calls", "Slow calls", |row: &&Stack| Cell::count(row.slow_calls)),
            column("threads", "Threads", |row: &&Stack| Cell::count(row.threads.len() as u64)),
            host_column(|row: &&Stack| row.hostname.as_deref()),
            column("pid", "pid", move |row: &&Stack| {
                if several { Cell::Figure(row.pid.0.into(), row.pid.to_string()) } else { Cell::Absent }
            }),
        ];
    if rows.shown.is_empty() {
        section.note("No disk wait was seen.".into());
        return Some(section);
    }
    let listing = Listing {
        id: "stacks-table",
        caption: "Where threads waited for the disk",
        row: ("stack", "stacks"),
        sorted_by: "disk_wait_ns",
    };
    section.add(listing.render(&columns, &rows.shown, |_| false));
    Some(section)
}
