//! Sums over calls, and calls in flight.

use super::*;

#[test]
fn calls_in_flight_are_told_by_where_they_began() {
    let mut inside = thread(1);
    inside.slot.call.active = Call::mark(Syscall::Sendfile);
    inside.slot.call.since_ns = OPENED_NS + SECOND_NS / 4;
    let mut returned = thread(2);
    returned.slot.returned_at_ns = OPENED_NS + SECOND_NS / 2;
    returned.slot.returned_from = Call::mark(Syscall::Sendfile);
    let mut short = thread(3);
    short.slot.returned_at_ns = OPENED_NS + THRESHOLD_NS - 1;
    short.slot.returned_from = Call::mark(Syscall::Sendfile);
    let stuck = asleep(&thread(4), 40, false);
    let elsewhere = asleep(&thread(5), 0, false);
    let sleeping_inside = asleep(&inside, 40, true);

    let mut all = snapshot(vec![inside, returned, short]);
    all.asleep = Some(vec![stuck, elsewhere, sleeping_inside]);
    let recording = recording(&all);
    let found: Vec<_> = recording.syscalls[0]
        .in_flight
        .iter()
        .map(|call| (call.thread.tid.0, call.since_ns, call.returned_at_ns, call.waits_for_disk))
        .collect();
    assert_eq!(
        found,
        [
            (4, None, None, Some(false)),
            (2, None, Some(SECOND_NS / 2), None),
            (1, Some(SECOND_NS * 3 / 4), None, Some(true)),
        ]
    );
}

#[test]
fn calls_that_ran_all_along_are_what_the_other_causes_leave_over() {
    let mut blocked = calling(thread(1), 9, 5_000);
    let stats = blocked.calls[0].as_mut().unwrap();
    stats.buckets[bucket_of(2_000_000)] += 1;
    stats.latency_sum_ns += 2_000_000;
    stats.blocked.add(2_000_000);
    stats.disk_blocked = 1;
    stats.disk_waits = 1;
    stats.disk_ns = 1_990_000;
    let mut one = snapshot(vec![blocked]);
    let mut rest = HistogramBuilder::default();
    rest.record(10_000);
    one.syscalls[0].without_disk = rest.build();

    let syscall = &recording(&one).syscalls[0];
    assert_eq!((syscall.calls, syscall.by_cause.on_cpu.count(), syscall.by_cause.disk.count()), (10, 9, 1));
    assert_eq!(syscall.by_cause.on_cpu.sum_ns(), 45_000);
    assert_eq!((syscall.time_ns.disk, syscall.time_ns.on_cpu), (1_990_000, 55_000));
    assert_eq!(syscall.without_disk.count(), 10);
    assert_eq!(syscall.without_disk.sum_ns(), syscall.latency.sum_ns() - syscall.time_ns.disk);
    assert_eq!(syscall.without_disk.max_ns(), Some(10_000));
}
