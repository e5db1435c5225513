//! What makes a target blocked, clear or inconclusive.

use super::*;

#[test]
fn a_wait_of_the_threshold_blocks_and_the_worst_loop_comes_first() {
    let loops = vec![event_loop(1), waiting(event_loop(2), 1, THRESHOLD_NS), waiting(event_loop(3), 3, THRESHOLD_NS)];
    assert_eq!(status(&recording(&snapshot(loops))), (Status::Blocked, vec![3, 2]));
}

#[test]
fn many_short_waits_block_by_their_share_of_the_window() {
    let just_enough = waiting(event_loop(1), 10, 100_000);
    assert_eq!(status(&recording(&snapshot(vec![just_enough]))).0, Status::Blocked);
    let too_little = waiting(event_loop(1), 9, 100_000);
    assert_eq!(status(&recording(&snapshot(vec![too_little]))).0, Status::Clear);
}

#[test]
fn where_threads_share_their_connections_there_is_no_loop_to_block() {
    let mut pollers = [event_loop(1), event_loop(2)];
    pollers.iter_mut().for_each(|data| data.slot.turns.set = 5);
    let [one, other] = pollers;
    let shared = recording(&snapshot(vec![waiting(one, 50, THRESHOLD_NS), other]));
    assert_eq!(status(&shared), (Status::Clear, Vec::new()));
    assert!(shared.verdict.summary.contains("2 threads share"), "{}", shared.verdict.summary);
}

#[test]
fn a_loop_that_still_waits_for_the_disk_at_the_end_is_blocked_whatever_the_counts() {
    let mut stuck = event_loop(1);
    stuck.slot.off_cpu.since_ns = OPENED_NS + SECOND_NS / 2;
    stuck.slot.off_cpu.reason = OffCpuReason::Disk as u32;
    let sleeper = asleep(&stuck, 17, true);
    let mut with_sleeper = snapshot(vec![stuck]);
    with_sleeper.asleep = Some(vec![sleeper]);
    assert_eq!(status(&recording(&with_sleeper)), (Status::Blocked, vec![1]));
}

#[test]
fn without_the_disk_waits_probe_nothing_is_clear() {
    let mut blind = snapshot(vec![event_loop(1)]);
    blind.probes.retain(|probe| probe.name != Probe::DISK_WAITS);
    assert_eq!(status(&recording(&blind)).0, Status::Inconclusive);
}

#[test]
fn losses_above_a_thousandth_leave_it_open() {
    let with_losses = |calls_uncounted| {
        let mut lossy = snapshot(vec![calling(event_loop(1), 100_000, 5_000)]);
        lossy.losses.calls_uncounted = calls_uncounted;
        status(&recording(&lossy)).0
    };
    assert_eq!(with_losses(100), Status::Clear);
    assert_eq!(with_losses(101), Status::Inconclusive);
}

#[test]
fn without_an_event_loop_or_with_hardly_a_turn_it_cannot_be_said() {
    assert_eq!(status(&recording(&snapshot(vec![calling(thread(1), 5, 5_000)]))).0, Status::Inconclusive);
    let mut idle = event_loop(1);
    idle.slot.turns.turns = 9;
    assert_eq!(status(&recording(&snapshot(vec![idle]))).0, Status::Inconclusive);
}
