//! The event loops.

use std::collections::BTreeSet;

use super::family::{
    Family,
    Kind::{Counter, Gauge, Histogram},
    Labels, Number,
};
use crate::{
    model::{EventLoop, Recording, Status},
    render::facts::{identity, knows_disk_waits},
};

pub fn families(recording: &Recording) -> Vec<Family> {
    let mut families = [turns(), busy(), waiting(), behind(), latency()];
    let mut on_disk = [disk_waits(), disk_time(), blocked(), latency_without_disk()];
    let named: BTreeSet<_> = recording.verdict.threads.iter().map(identity).collect();
    let knows_verdict = recording.verdict.status != Status::Inconclusive;
    for row in &recording.event_loops {
        let thread = &row.thread;
        let (pid, tid, start) = (thread.pid.to_string(), thread.tid.to_string(), thread.start_time_ns.to_string());
        // The start tells a reused tid apart.
        let ids = [("pid", pid.as_str()), ("tid", &tid), ("start_time_ns", &start), ("name", &thread.name)];
        let host = thread.hostname.as_deref().map(|host| ("host", host));
        let labels: Vec<_> = host.into_iter().chain(ids).collect();
        let [turns, busy, waiting, behind, latency] = &mut families;
        turns.add_known(&labels, row.turns.map(Number::count));
        busy.add_known(&labels, row.busy_ns.map(Number::seconds));
        waiting.add_known(&labels, row.waiting_ns.map(Number::seconds));
        behind.add_known(&labels, row.behind.map(Number::count));
        add_histogram(latency, &labels, row, |row| row.turn_latency.as_ref());
        if knows_disk_waits(recording) {
            let [disk_waits, disk_time, blocked, without_disk] = &mut on_disk;
            disk_waits.add(&labels, Number::count(row.disk_waits));
            disk_time.add(&labels, Number::seconds(row.disk_wait_ns));
            blocked.add_known(&labels, knows_verdict.then(|| Number::state(named.contains(&identity(thread)))));
            add_histogram(without_disk, &labels, row, |row| row.turn_latency_without_disk.as_ref());
        }
    }
    families.into_iter().chain(on_disk).collect()
}

fn add_histogram(
    family: &mut Family,
    labels: Labels,
    row: &EventLoop,
    of: fn(&EventLoop) -> Option<&crate::model::Histogram>,
) {
    if let Some(histogram) = of(row) {
        family.add_histogram(labels, histogram);
    }
}

fn turns() -> Family {
    Family::new(
        "tracer_event_loop_turns",
        Counter,
        "",
        "Returns of its readiness wait. Absent if they were not observed.",
    )
}

fn busy() -> Family {
    let help = "Time outside of its readiness wait. Absent if turns were not observed.";
    Family::new("tracer_event_loop_busy_seconds", Counter, "seconds", help)
}

fn waiting() -> Family {
    let help = "Time inside its readiness wait. Absent if turns were not observed.";
    Family::new("tracer_event_loop_waiting_seconds", Counter, "seconds", help)
}

fn behind() -> Family {
    let help = "Connections that were waiting when its disk-blocked traced calls returned; at least so many, since the walk \
                is bounded. Absent if that cannot be told.";
    Family::new("tracer_event_loop_waited_behind", Counter, "", help)
}

fn latency() -> Family {
    let help = "How long its turns took. Absent if they were not observed.";
    Family::new("tracer_event_loop_turn_latency_seconds", Histogram, "seconds", help)
}

fn disk_waits() -> Family {
    let help = "Its disk waits, in any system call or page fault. Absent if they were not observed.";
    Family::new("tracer_event_loop_disk_waits", Counter, "", help)
}

fn disk_time() -> Family {
    let help = "How long they were. Absent if they were not observed.";
    Family::new("tracer_event_loop_disk_wait_seconds", Counter, "seconds", help)
}

fn blocked() -> Family {
    let help = "Whether it was blocked on disk. Absent if the verdict is inconclusive.";
    Family::new("tracer_event_loop_blocked", Gauge, "", help)
}

fn latency_without_disk() -> Family {
    let help = "The same less the disk waits of each turn: first order, queueing is not modelled.";
    Family::new("tracer_event_loop_turn_latency_without_disk_seconds", Histogram, "seconds", help)
}
