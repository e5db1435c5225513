//! What the turns of an event loop came to.

use tracer_common::{
    culprit::OFFSET_UNKNOWN,
    histogram::BUCKETS,
    records::{Extremes, ThreadSlot},
    syscall::Syscall,
    turns::{self, ReadySet, TurnStats},
};

use super::{culprits, waits};
use crate::{
    model::{Histogram, HistogramBuilder, TurnWait, WorstTurn},
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
        longest_wait: (worst.disk_waits > 0).then(|| longest_wait(snapshot, data, &worst)),
    })
}

/// The longest disk wait of a turn: what the context switch saw of it, and what the record of its call tells.
fn longest_wait(snapshot: &Snapshot, data: &ThreadData, turn: &turns::WorstTurn) -> TurnWait {
    let turns::TurnWait { wait_ns, offset_bytes, number, .. } = turn.longest;
    let turn_ns = turn.since_ns..turn.since_ns + turn.latency_ns;
    let calls = snapshot.culprits.iter().flat_map(|culprits| &culprits.calls).filter(|data_of_call| {
        let call = &data_of_call.call;
        let number_of_call = Syscall::from_index(call.syscall).map(|syscall| syscall.info().number as i32);
        call.key == data.slot.key && turn_ns.contains(&call.since_ns) && number_of_call == Some(number)
    });
    let call = calls.max_by_key(|data| data.call.disk_ns).filter(|data| data.call.disk_ns >= wait_ns);
    let file = call.and_then(|call| call.file.as_ref()).or(data.worst_file.as_ref());
    TurnWait {
        syscall: waits::name(number),
        disk_wait_max_ns: wait_ns.min(turn.latency_ns),
        path: file.and_then(|file| file.path.clone()).or_else(|| data.worst_path.clone()),
        offset: Some(offset_bytes).filter(|&offset| offset != OFFSET_UNKNOWN),
        device: file.map(culprits::device),
        device_name: file.and_then(|file| file.device_name.clone()),
        client: call.and_then(|call| call.peer.as_ref()).map(culprits::address),
        out: call.map(|call| culprits::out(&call.call)),
    }
}

/// Whether the readiness wait of a thread says how many events it brings: `io_uring_enter` does not.
pub fn tells_events(slot: &ThreadSlot) -> bool {
    !matches!(slot.ready_set(), Some(ReadySet::IoUring(..)))
}
