//! Calls and disk waits by process and by thread.

use crate::{
    analysis::so_far::{Figures, Seated, Sums},
    model::ThreadCalls,
    render::openmetrics::{
        calls::labels_of,
        family::{
            Family,
            Kind::{Counter, Histogram},
            Labels, Number,
        },
    },
};

/// The calls of processes with a name.
pub fn calls(sums: &Sums, knows_disk: bool) -> Vec<Family> {
    type Add = fn(&mut Family, Labels, &ThreadCalls);
    let of: [(Family, bool, Add); 6] = [
        (
            Family::new("tracer_process_calls", Counter, "", "The calls of processes with this name."),
            false,
            |family, labels, row| family.add(labels, Number::count(row.calls)),
        ),
        (Family::new("tracer_process_call_errors", Counter, "", "Those that failed."), false, |family, labels, row| {
            family.add(labels, Number::count(row.errors))
        }),
        (
            Family::new("tracer_process_returned_bytes", Counter, "bytes", "Bytes that they returned."),
            false,
            |family, labels, row| family.add(labels, Number::count(row.bytes)),
        ),
        (
            Family::new("tracer_process_slow_calls", Counter, "", "Those of at least the threshold, exact."),
            false,
            |family, labels, row| family.add(labels, Number::count(row.slow)),
        ),
        (
            Family::new(
                "tracer_process_disk_blocked_calls",
                Counter,
                "",
                "Those with at least one disk wait. Absent if disk waits were not observed.",
            ),
            true,
            |family, labels, row| family.add(labels, Number::count(row.disk_blocked)),
        ),
        (
            Family::new(
                "tracer_process_call_latency_seconds",
                Histogram,
                "seconds",
                "Their latency. A percentile from these buckets may be off by a factor of two.",
            ),
            false,
            |family, labels, row| family.add_histogram(labels, &row.latency),
        ),
    ];
    let known = of.into_iter().filter(|(_, is_of_disk, _)| knows_disk || !is_of_disk);
    let families = known.map(|(mut family, _, add)| {
        for ((syscall, direction, process), row) in &sums.processes {
            let labels =
                [&[("process", process.as_str())], labels_of(syscall, direction.as_deref()).as_slice()].concat();
            add(&mut family, &labels, row);
        }
        family
    });
    families.collect()
}

/// All disk waits of processes with a name.
pub fn waits(sums: &Sums, knows_disk: bool) -> [Family; 2] {
    let mut number = Family::new(
        "tracer_process_disk_waits",
        Counter,
        "",
        "Disk waits of processes with this name, in any system call or page fault. Absent if they were not observed.",
    );
    let mut time = Family::new(
        "tracer_process_disk_wait_seconds",
        Counter,
        "seconds",
        "How long they were. Absent if they were not observed.",
    );
    for (process, row) in sums.waits.iter().filter(|_| knows_disk) {
        let labels = [("process", process.as_str())];
        number.add(&labels, Number::count(row.disk_waits));
        time.add(&labels, Number::seconds(row.disk_wait_ns));
    }
    [number, time]
}

/// The threads that have a row of their own, and the others as one.
pub fn threads(rows: &[Seated], knows_disk: bool) -> Vec<Family> {
    type Value = fn(&Figures) -> Number;
    let of: [(Family, bool, Value); 3] = [
        (
            Family::new(
                "tracer_thread_calls",
                Counter,
                "",
                "Traced calls of a thread that has a row of its own, from then on; all others are in the row (other).",
            ),
            false,
            |figures| Number::count(figures.calls),
        ),
        (
            Family::new(
                "tracer_thread_disk_waits",
                Counter,
                "",
                "Its disk waits, in any system call or page fault. Absent if they were not observed.",
            ),
            true,
            |figures| Number::count(figures.disk_waits),
        ),
        (
            Family::new(
                "tracer_thread_disk_wait_seconds",
                Counter,
                "seconds",
                "How long they were. Absent if they were not observed.",
            ),
            true,
            |figures| Number::seconds(figures.disk_wait_ns),
        ),
    ];
    let known = of.into_iter().filter(|(_, is_of_disk, _)| knows_disk || !is_of_disk);
    let families = known.map(|(mut family, _, value)| {
        for Seated { labels: (process, thread, tid), figures } in rows {
            family.add(&[("process", process), ("thread", thread), ("tid", tid)], value(figures));
        }
        family
    });
    families.collect()
}
