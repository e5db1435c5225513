//! Limits of what event loops waited, and of their verdict.

use tests::golden::{fleet, recording};
use tracer::{
    analysis::merge::merge,
    gate::{
        check::Limit,
        outcome::Outcome::{Fail, Inconclusive, Pass},
    },
    model::{Losses, ProbeStatus, Recording, Role, StillWaiting},
};

use super::{changed, one};

fn waited(recording: &Recording, limit_ns: u64) -> (tracer::gate::outcome::Outcome, Option<f64>, String) {
    let row = one(recording, Limit::EventLoopBlocked(limit_ns));
    (row.outcome, row.value, row.why.unwrap_or_default())
}

#[test]
fn the_worst_event_loop_counts_per_second_of_the_window() {
    // 36,799,999 ns in 10 s, by the only loop of two that waited.
    let blocked = recording("blocked");
    assert_eq!(waited(&blocked, 3_679_999).0, Fail);
    assert_eq!(waited(&blocked, 3_680_000).0, Pass);
    let (_, per_second_ns, _) = waited(&blocked, 0);
    assert!((per_second_ns.unwrap() - 3_679_999.9).abs() < 0.001, "{per_second_ns:?}");
    assert_eq!(waited(&recording("clear"), 0), (Pass, Some(0.0), String::new()));
}

#[test]
fn a_thread_that_is_no_event_loop_does_not_count() {
    let workers = changed("blocked", |recording| {
        recording.threads.iter_mut().for_each(|record| record.thread.role = Role::Worker);
        recording.verdict.status = tracer::model::Status::Clear;
    });
    assert_eq!(waited(&workers, 0).0, Pass);
}

#[test]
fn a_disk_wait_that_goes_on_counts_as_long_as_it_took_so_far() {
    let stuck = changed("clear", |recording| {
        let record = recording.threads.iter_mut().find(|record| record.thread.role == Role::EventLoop);
        record.unwrap().still_waiting = Some(StillWaiting { name: "pread64".into(), since_ns: 50_000_000 });
    });
    assert_eq!((waited(&stuck, 4_999_999).0, waited(&stuck, 5_000_000).0), (Fail, Pass));
}

#[test]
fn each_loop_is_held_against_the_time_that_it_was_watched() {
    // Twice the same window, one after the other: twice the wait in twice the time.
    let later = changed("blocked", |recording| recording.window.start += jiff::SignedDuration::from_mins(10));
    let twice = merge(vec![recording("blocked"), later]).unwrap();
    assert_eq!((waited(&twice, 3_679_999).0, waited(&twice, 3_680_000).0), (Fail, Pass));
    // 598,799,282 ns in 2.004997050 s on each of three hosts: 298,653,447.9 ns/s, not a third of it.
    let fleet = fleet();
    assert_eq!((waited(&fleet, 298_653_447).0, waited(&fleet, 298_653_448).0), (Fail, Pass));
}

/// A change of a recording.
type Change<'a> = &'a dyn Fn(&mut Recording);

#[test]
fn what_was_not_seen_is_no_pass() {
    let cases: [(&str, Change<'_>); 4] = [
        ("disk waits were not observed", &|recording| {
            recording.probes.iter_mut().for_each(|probe| probe.status = ProbeStatus::Unavailable);
        }),
        ("1 disk wait may be missing", &|recording| {
            recording.probes.iter_mut().for_each(|probe| probe.missed = Some(1));
        }),
        ("2 threads found no room", &|recording| {
            recording.losses = Losses { threads_dropped: 2, ..Losses::default() };
        }),
        ("1 call or sleep was cut short", &|recording| {
            recording.losses = Losses { parts_clamped: 1, ..Losses::default() };
        }),
    ];
    for (expected, change) in cases {
        let (outcome, _, why) = waited(&changed("clear", change), 1_000_000);
        assert!(outcome == Inconclusive && why.contains(expected), "{expected}: {why}");
        // What was seen is too much all the same.
        assert_eq!(waited(&changed("blocked", change), 1_000_000).0, Fail, "{expected}");
    }
    let (outcome, value, why) = waited(&recording("inconclusive"), 1_000_000);
    assert!(outcome == Inconclusive && value.is_none() && why.starts_with("no event loop was seen: "), "{why}");
}

#[test]
fn the_verdict_is_the_recordings_own() {
    let verdict = |name| {
        let row = one(&recording(name), Limit::NoBlockedEventLoop);
        (row.outcome, row.value)
    };
    assert_eq!(verdict("clear"), (Pass, Some(0.0)));
    assert_eq!(verdict("nginx-minute"), (Fail, Some(1.0)));
    assert_eq!(verdict("inconclusive"), (Inconclusive, None));
    // Idle: too few turns to say.
    let why = one(&recording("nginx-idle"), Limit::NoBlockedEventLoop).why.unwrap();
    assert!(why.contains("turns of event loops were seen"), "{why}");
}
