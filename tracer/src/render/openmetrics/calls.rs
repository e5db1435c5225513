//! The traced system calls.

use super::family::{
    Family,
    Kind::{Counter, Gauge, Histogram},
    Labels, Number,
};
use crate::{
    model::{Recording, SyscallRecord},
    render::facts::knows_disk_waits,
};

/// A family and what a system call adds to it.
struct Of {
    family: Family,
    add: fn(&mut Family, Labels, &SyscallRecord),
    /// Whether it rests on the probe of disk waits.
    is_of_disk: bool,
}

pub fn families(recording: &Recording) -> Vec<Family> {
    of(&recording.syscalls.iter().collect::<Vec<_>>(), knows_disk_waits(recording))
}

/// What these add up to, of which nothing ever gets less.
pub fn growing(syscalls: &[&SyscallRecord], knows_disk: bool) -> impl Iterator<Item = Family> {
    of(syscalls, knows_disk).into_iter().filter(|family| family.kind() != Gauge)
}

/// The labels of a system call.
pub fn labels_of<'a>(name: &'a str, direction: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    std::iter::once(("syscall", name)).chain(direction.map(|direction| ("direction", direction))).collect()
}

fn of(syscalls: &[&SyscallRecord], knows_disk: bool) -> Vec<Family> {
    let known = counts().into_iter().chain(latencies()).filter(|of| knows_disk || !of.is_of_disk);
    let families = known.map(|Of { mut family, add, .. }| {
        let mut seen = Vec::new();
        for syscall in syscalls {
            let labels = labels_of(&syscall.name, syscall.direction.as_deref());
            // Twice the same labels would be refused.
            if !seen.contains(&labels) {
                add(&mut family, &labels, syscall);
                seen.push(labels);
            }
        }
        family
    });
    families.collect()
}

fn with<'a>(labels: Labels<'a>, name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    [labels, &[(name, value)]].concat()
}

fn counts() -> [Of; 9] {
    [
        Of {
            family: Family::new(
                "tracer_calls",
                Counter,
                "",
                "Calls that were entered and returned inside the window, failed ones included.",
            ),
            add: |family, labels, syscall| family.add(labels, Number::count(syscall.calls)),
            is_of_disk: false,
        },
        Of {
            family: Family::new("tracer_call_errors", Counter, "", "Calls that failed, by error."),
            add: |family, labels, syscall| {
                for (error, &number) in &syscall.errors_by_name {
                    family.add(&with(labels, "error", error), Number::count(number));
                }
            },
            is_of_disk: false,
        },
        Of {
            family: Family::new("tracer_returned_bytes", Counter, "bytes", "Bytes that the calls returned."),
            add: |family, labels, syscall| family.add(labels, Number::count(syscall.bytes)),
            is_of_disk: false,
        },
        Of {
            family: Family::new("tracer_slow_calls", Counter, "", "Calls of at least the threshold, exact."),
            add: |family, labels, syscall| family.add(labels, Number::count(syscall.slow)),
            is_of_disk: false,
        },
        Of {
            family: Family::new(
                "tracer_disk_blocked_calls",
                Counter,
                "",
                "Calls with at least one disk wait. Absent if disk waits were not observed.",
            ),
            add: |family, labels, syscall| family.add(labels, Number::count(syscall.disk_blocked)),
            is_of_disk: true,
        },
        Of {
            family: Family::new(
                "tracer_disk_waits",
                Counter,
                "",
                "Disk waits in these calls. Absent if disk waits were not observed.",
            ),
            add: |family, labels, syscall| family.add(labels, Number::count(syscall.disk_waits)),
            is_of_disk: true,
        },
        Of {
            family: Family::new(
                "tracer_cold_pages",
                Counter,
                "",
                "Pages of 4 KiB that the calls added to the page cache, inside the returned ranges (requested) or outside \
                 (read_ahead). Absent if the page cache was not observed.",
            ),
            add: |family, labels, syscall| {
                let ranges = [("requested", syscall.cold_requested), ("read_ahead", syscall.read_ahead)];
                for (range, pages) in ranges {
                    family.add_known(&with(labels, "range", range), pages.map(Number::count));
                }
            },
            is_of_disk: false,
        },
        Of {
            family: Family::new(
                "tracer_memory_share_ratio",
                Gauge,
                "ratio",
                "Share of the returned ranges that was in memory. Absent if unknown, or if nothing was returned.",
            ),
            add: |family, labels, syscall| family.add_known(labels, syscall.memory_share.map(Number::ratio)),
            is_of_disk: false,
        },
        Of {
            family: Family::new(
                "tracer_calls_in_flight",
                Gauge,
                "",
                "Calls that had not returned when the window closed. They are in no other metric.",
            ),
            add: |family, labels, syscall| {
                let in_flight = syscall.in_flight.iter().filter(|call| call.returned_at_ns.is_none());
                family.add(labels, Number::count(in_flight.count() as u64));
            },
            is_of_disk: false,
        },
    ]
}

fn latencies() -> [Of; 5] {
    [
        Of {
            family: Family::new(
                "tracer_call_time_seconds",
                Counter,
                "seconds",
                "Time inside the calls by what they did: the four parts add up to the sum of the latency. Absent if disk \
                 waits were not observed.",
            ),
            add: |family, labels, syscall| {
                let parts = &syscall.time_ns;
                let parts = [
                    ("on_cpu", parts.on_cpu),
                    ("disk", parts.disk),
                    ("runqueue", parts.runqueue),
                    ("other", parts.other),
                ];
                for (part, ns) in parts {
                    family.add(&with(labels, "part", part), Number::seconds(ns));
                }
            },
            is_of_disk: true,
        },
        Of {
            family: Family::new(
                "tracer_call_latency_seconds",
                Histogram,
                "seconds",
                "Latency of all calls. A percentile from these buckets may be off by a factor of two.",
            ),
            add: |family, labels, syscall| family.add_histogram(labels, &syscall.latency),
            is_of_disk: false,
        },
        Of {
            family: Family::new(
                "tracer_call_latency_max_seconds",
                Gauge,
                "seconds",
                "The longest call, exact. Absent without calls.",
            ),
            add: |family, labels, syscall| family.add_known(labels, syscall.latency.max_ns().map(Number::seconds)),
            is_of_disk: false,
        },
        Of {
            family: Family::new(
                "tracer_call_latency_by_cause_seconds",
                Histogram,
                "seconds",
                "Latency by cause, of which each call has one. Absent if disk waits were not observed.",
            ),
            add: |family, labels, syscall| {
                let causes = &syscall.by_cause;
                let causes = [
                    ("on_cpu", &causes.on_cpu),
                    ("disk", &causes.disk),
                    ("runqueue", &causes.runqueue),
                    ("other", &causes.other),
                ];
                for (cause, histogram) in causes {
                    family.add_histogram(&with(labels, "cause", cause), histogram);
                }
            },
            is_of_disk: true,
        },
        Of {
            family: Family::new(
                "tracer_call_latency_without_disk_seconds",
                Histogram,
                "seconds",
                "Latency of all calls less their disk waits: first order, queueing is not modelled. Absent if disk waits \
                 were not observed.",
            ),
            add: |family, labels, syscall| family.add_histogram(labels, &syscall.without_disk),
            is_of_disk: true,
        },
    ]
}
