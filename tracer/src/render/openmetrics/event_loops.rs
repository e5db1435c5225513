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

/// What the event loops of processes with a name add up to.
pub fn by_process<'a>(rows: impl Iterator<Item = (&'a String, &'a EventLoop)>, knows_disk: bool) -> Vec<Family> {
    let mut families = Families::default();
    for (process, row) in rows {
        families.add(&[("process", process)], row, knows_disk);
    }
    families.all()
}

pub fn families(recording: &Recording) -> Vec<Family> {
    let mut families = Families::default();
    let mut blocked = blocked();
    let named: BTreeSet<_> = recording.verdict.threads.iter().map(identity).collect();
    let knows_verdict = recording.verdict.status != Status::Inconclusive;
    let knows_disk = knows_disk_waits(recording);
    for row in &recording.event_loops {
        let thread = &row.thread;
        let (pid, tid, start) = (thread.pid.to_string(), thread.tid.to_string(), thread.start_time_ns.to_string());
        // The start tells a reused tid apart.
        let ids = [("pid", pid.as_str()), ("tid", &tid), ("start_time_ns", &start), ("name", &thread.name)];
        let host = thread.hostname.as_deref().map(|host| ("host", host));
        let labels: Vec<_> = host.into_iter().chain(ids).collect();
        families.add(&labels, row, knows_disk);
        let is_blocked = (knows_disk && knows_verdict).then(|| Number::state(named.contains(&identity(thread))));
        blocked.add_known(&labels, is_blocked);
    }
    let mut all = families.all();
    // Before the histogram that is last.
    all.insert(all.len() - 1, blocked);
    all
}

/// What is told of event loops, of each or of some together.
struct Families {
    turns: [Family; 5],
    on_disk: [Family; 3],
}

impl Default for Families {
    fn default() -> Self {
        Self {
            turns: [turns(), busy(), waiting(), behind(), latency()],
            on_disk: [disk_waits(), disk_time(), latency_without_disk()],
        }
    }
}

impl Families {
    fn add(&mut self, labels: Labels, row: &EventLoop, knows_disk: bool) {
        let [turns, busy, waiting, behind, latency] = &mut self.turns;
        turns.add_known(labels, row.turns.map(Number::count));
        busy.add_known(labels, row.busy_ns.map(Number::seconds));
        waiting.add_known(labels, row.waiting_ns.map(Number::seconds));
        behind.add_known(labels, row.behind.map(Number::count));
        add_histogram(latency, labels, row, |row| row.turn_latency.as_ref());
        if knows_disk {
            let [disk_waits, disk_time, without_disk] = &mut self.on_disk;
            disk_waits.add(labels, Number::count(row.disk_waits));
            disk_time.add(labels, Number::seconds(row.disk_wait_ns));
            add_histogram(without_disk, labels, row, |row| row.turn_latency_without_disk.as_ref());
        }
    }

    fn all(self) -> Vec<Family> {
        self.turns.into_iter().chain(self.on_disk).collect()
    }
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
