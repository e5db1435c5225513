//! What the turns of an event loop came to.

use tracer_common::{
    histogram::BUCKETS,
    records::{Extremes, ThreadSlot},
    turns::{ReadySet, TurnStats},
};

use crate::{
    model::{Histogram, HistogramBuilder, WorstTurn},
    snapshot::{Snapshot, ThreadData},
};

/// How long a loop's turns took, and how long without their disk waits; `None` where there was no room for it.
pub fn latency(data: &ThreadData) -> Option<(Histogram, Histogram)> {
    let turns = &data.slot.turns;
    let Some(stats) = &data.turns else {
        return (turns.busy_ns == 0).then(Default::default);
    };
    let all = histogram(&stats.buckets.map(u64::from), turns.busy_ns, [&stats.in_memory, &stats.on_disk]);
    let less_disk_ns = turns.busy_ns.saturating_sub(stats.disk_ns);
    let without_disk = histogram(&moved(stats), less_disk_ns, [&stats.in_memory, &stats.without_disk]);
    Some((all, without_disk))
}

fn histogram(counts: &[u64; BUCKETS], sum_ns: u64, extremes: [&Extremes; 2]) -> Histogram {
    let mut builder = HistogramBuilder::default();
    builder.add_counts(counts);
    builder.add_sum(sum_ns);
    extremes.iter().for_each(|extremes| builder.add_extremes(extremes.range_ns()));
    builder.build()
}

/// The turns by their latency without disk waits.
fn moved(stats: &TurnStats) -> [u64; BUCKETS] {
    std::array::from_fn(|index| {
        let count = i64::from(stats.buckets[index]) + i64::from(stats.moved[index]);
        u64::try_from(count).unwrap_or(0)
    })
}

/// Time inside the readiness wait and outside of it, ns: together the part of the window in which the thread lived,
/// as far as that is known.
pub fn utilisation(snapshot: &Snapshot, data: &ThreadData) -> (u64, u64) {
    let slot = &data.slot;
    let turns = &slot.turns;
    let born_ns = snapshot.opened_ns + slot.key.start_boottime_ns.saturating_sub(snapshot.opened_boottime_ns);
    if turns.first_ns == 0 {
        return (0, if data.has_ended { 0 } else { snapshot.closed_ns.saturating_sub(born_ns) });
    }
    let (mut waiting_ns, mut busy_ns) = (turns.waiting_ns, turns.busy_ns);
    let before_ns = turns.first_ns.saturating_sub(born_ns);
    if turns.first_was_sleep == 0 && waited_before(snapshot, slot) {
        waiting_ns += before_ns;
    } else {
        busy_ns += before_ns;
    }
    if !data.has_ended {
        let left_ns = |since_ns: u64| if since_ns == 0 { 0 } else { snapshot.closed_ns.saturating_sub(since_ns) };
        waiting_ns += left_ns(turns.waiting_since_ns);
        busy_ns += left_ns(turns.since_ns);
    }
    (waiting_ns, busy_ns)
}

/// Whether a thread was in its readiness wait when the window opened.
fn waited_before(snapshot: &Snapshot, slot: &ThreadSlot) -> bool {
    let mut asleep = snapshot.asleep_before.iter().flatten();
    asleep.any(|task| task.key == slot.key && task.ready_set().is_some())
}

/// The longest turn.
pub fn worst(snapshot: &Snapshot, data: &ThreadData) -> Option<WorstTurn> {
    let worst = data.turns.as_ref()?.worst;
    (worst.since_ns != 0).then(|| WorstTurn {
        at_ns: worst.since_ns.saturating_sub(snapshot.opened_ns),
        ns: worst.latency_ns,
        disk_waits: Some(worst.disk_waits),
        disk_wait_ns: Some(worst.disk_ns.min(worst.latency_ns)),
        ready_events: tells_events(&data.slot).then_some(worst.events),
    })
}

/// Whether the readiness wait of a thread says how many events it brings: `io_uring_enter` does not.
pub fn tells_events(slot: &ThreadSlot) -> bool {
    !matches!(slot.ready_set(), Some(ReadySet::IoUring(..)))
}
