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
fn a_return_that_nobody_sees_is_told_by_when_the_thread_woke_up() {
    let since_before = |tid: u32, woken_after_ns: u64| {
        let mut thread = thread(tid);
        thread.slot.returned_from = Call::mark(Syscall::Sendfile);
        thread.slot.woken_at_ns = OPENED_NS + woken_after_ns;
        thread
    };
    let (long, short) = (since_before(1, SECOND_NS / 2), since_before(2, THRESHOLD_NS - 1));
    let still = since_before(3, SECOND_NS / 4);
    let mut asleep_again = since_before(4, SECOND_NS / 4);
    asleep_again.slot.entered = 1;
    asleep_again.slot.call.active = Call::mark(Syscall::Sendfile);
    asleep_again.slot.call.since_ns = OPENED_NS + SECOND_NS / 3;
    let asleep_now = vec![asleep(&still, 40, true), asleep(&asleep_again, 40, true)];
    let mut all = snapshot(vec![long, short, still, asleep_again]);
    all.asleep = Some(asleep_now);
    let found = |all: &Snapshot| {
        let in_flight = recording(all).syscalls[0].in_flight.clone();
        in_flight.iter().map(|call| (call.thread.tid.0, call.returned_at_ns)).collect::<Vec<_>>()
    };
    all.probes[0].mechanism = Mechanism::Fentry;
    let mut seen = found(&all);
    seen.sort_unstable();
    assert_eq!(seen, [(1, Some(SECOND_NS / 2)), (3, None), (4, None), (4, Some(SECOND_NS / 4))]);
    // Where it would be seen, none was.
    all.probes[0].mechanism = Mechanism::Tracepoint;
    let mut seen = found(&all);
    seen.sort_unstable();
    assert_eq!(seen, [(3, None), (4, None)]);
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

/// A snapshot of several traced system calls; thread 1 has made so many calls of each.
fn of_several(calls: &[(Syscall, u32)]) -> Snapshot {
    let mut one = thread(1);
    one.calls = calls
        .iter()
        .map(|&(_, count)| {
            let mut stats = CallStats::zeroed();
            stats.buckets[bucket_of(5_000)] = count;
            stats.latency_sum_ns = u64::from(count) * 5_000;
            stats.on_cpu.add(5_000);
            (count > 0).then(|| Box::new(stats))
        })
        .collect();
    let mut all = snapshot(vec![thread(2)]);
    all.syscalls = calls.iter().map(|&(syscall, _)| SyscallData { syscall, ..all.syscalls[0].clone() }).collect();
    all.threads = vec![one];
    all
}

fn rows(recording: &Recording) -> Vec<(&str, Option<&str>, u64)> {
    recording.syscalls.iter().map(|row| (row.name.as_str(), row.direction.as_deref(), row.calls)).collect()
}

#[test]
fn each_direction_that_was_called_has_a_row() {
    let recording = recording(&of_several(&[
        (Syscall::SpliceFileToPipe, 3),
        (Syscall::SplicePipeToSocket, 4),
        (Syscall::SpliceOther, 0),
        (Syscall::Tee, 2),
    ]));
    assert_eq!(
        rows(&recording),
        [("splice", Some("file_to_pipe"), 3), ("splice", Some("pipe_to_socket"), 4), ("tee", Some("pipe_to_pipe"), 2),]
    );
    assert!(recording.syscalls.iter().all(|row| row.family == "splice"));
}

#[test]
fn a_system_call_that_nobody_called_has_one_row_without_a_direction() {
    let recording = recording(&of_several(&[
        (Syscall::SpliceFileToPipe, 0),
        (Syscall::SpliceOther, 0),
        (Syscall::VmspliceToPipe, 0),
        (Syscall::VmspliceToMemory, 0),
        (Syscall::Read, 7),
    ]));
    assert_eq!(rows(&recording), [("splice", None, 0), ("vmsplice", None, 0), ("read", None, 7)]);
}
