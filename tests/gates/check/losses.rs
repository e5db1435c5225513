//! What was not seen: the worst of it where a limit would pass, the best where it would fail.

use tracer::{
    gate::{
        check::Limit,
        outcome::Outcome::{self, Fail, Inconclusive, Pass},
    },
    model::{Losses, Probe, ProbeStatus, Recording},
};

use super::{changed, one, sendfile};

/// `nginx-minute` made 37,903 calls, of which 62 were slow: its share is at most 0.21 %, at least 0.128 %.
fn slow_with(losses: Losses, limit: f64) -> (Outcome, String) {
    let row = one(&changed("nginx-minute", |recording| recording.losses = losses), Limit::Slow(sendfile(), limit));
    (row.outcome, row.why.unwrap_or_default())
}

fn uncounted(calls_uncounted: u64) -> Losses {
    Losses { calls_uncounted, ..Losses::default() }
}

#[test]
fn lost_calls_count_where_they_could_change_the_answer() {
    // statsmodels: 62 + 20 of 37,923 is at most 0.268 %, 62 + 60 of 37,963 at most 0.3834 %.
    assert_eq!(slow_with(uncounted(20), 0.0027).0, Pass);
    assert_eq!(slow_with(uncounted(60), 0.0039).0, Pass);
    let (outcome, why) = slow_with(uncounted(60), 0.0027);
    assert_eq!(outcome, Inconclusive);
    assert_eq!(why, "60 calls were not counted, and 60 calls more could change the answer");
    // 62 of 47,903 is still at least 0.101 %, 62 of 137,903 may be 0.035 %.
    assert_eq!(slow_with(uncounted(10_000), 0.001).0, Fail);
    assert_eq!(slow_with(uncounted(100_000), 0.001).0, Inconclusive);
}

#[test]
fn no_number_of_good_calls_undoes_a_bad_one_where_none_is_allowed() {
    assert_eq!(slow_with(uncounted(1), 0.0).0, Fail);
    assert_eq!(slow_with(Losses { threads_dropped: 1, ..Losses::default() }, 0.0).0, Fail);
    let clear = changed("clear", |recording| recording.losses = uncounted(1));
    assert_eq!(one(&clear, Limit::Slow(sendfile(), 0.0)).outcome, Inconclusive);
}

#[test]
fn who_was_not_watched_may_have_made_any_number_of_calls() {
    for losses in
        [Losses { threads_dropped: 1, ..Losses::default() }, Losses { processes_dropped: Some(1), ..Losses::default() }]
    {
        assert_eq!(slow_with(losses, 0.01).0, Inconclusive);
        let (outcome, why) = slow_with(losses, 0.001);
        assert!(outcome == Inconclusive && why.ends_with("any number of calls more could change the answer"), "{why}");
    }
}

#[test]
fn what_takes_nothing_from_the_counts_changes_nothing() {
    let losses = Losses { slow_calls_dropped: 9, parts_clamped: 3, stacks_dropped: Some(1), ..Losses::default() };
    assert_eq!(slow_with(losses, 0.0021).0, Pass);
    assert_eq!(slow_with(losses, 0.001).0, Fail);
}

fn with_probe(name: &str, change: impl Fn(&mut Probe)) -> Recording {
    changed("nginx-minute", |recording| {
        let probe = recording.probes.iter_mut().find(|probe| probe.name == name);
        change(probe.unwrap_or_else(|| panic!("no probe {name}")));
    })
}

#[test]
fn missed_events_may_have_been_calls() {
    let missed = |missed| with_probe("sendfile", |probe| probe.missed = missed);
    assert_eq!(one(&missed(Some(20)), Limit::Slow(sendfile(), 0.0027)).outcome, Pass);
    let row = one(&missed(Some(60)), Limit::Slow(sendfile(), 0.0027));
    assert_eq!(row.outcome, Inconclusive);
    assert_eq!(row.why.unwrap(), "sendfile missed 60 events, and 60 calls more could change the answer");
    // Where the kernel does not tell, nobody knows of any.
    assert_eq!(one(&missed(None), Limit::Slow(sendfile(), 0.0027)).outcome, Pass);
}

#[test]
fn a_probe_that_was_not_there_shows_nothing() {
    let gone = |name| with_probe(name, |probe| probe.status = ProbeStatus::Unavailable);
    assert_eq!(one(&gone("sendfile"), Limit::Slow(sendfile(), 0.01)).outcome, Inconclusive);
    for limit in [0.0, 0.0002, 0.01] {
        let row = one(&gone("disk waits"), Limit::DiskBlocked(sendfile(), limit));
        // Disk-blocked calls that were seen are there all the same: 40, at least 0.0775 %.
        assert_eq!(row.outcome, if limit < 0.0007 { Fail } else { Inconclusive }, "{limit}");
        assert_eq!(row.value, None);
    }
    let cold = changed("clear", |recording| {
        recording.probes.iter_mut().for_each(|probe| {
            if probe.name == "disk waits" {
                probe.status = ProbeStatus::Off;
            }
        });
    });
    let row = one(&cold, Limit::DiskBlocked(sendfile(), 0.0));
    assert_eq!((row.outcome, row.why.as_deref()), (Inconclusive, Some("disk waits were not observed")));
    assert_eq!(one(&gone("page cache"), Limit::Slow(sendfile(), 0.01)).outcome, Pass);
}

#[test]
fn missed_disk_waits_may_have_blocked_calls() {
    // statsmodels: 40 + 30 of 37,903 is at most 0.2333 %; 40 alone at most 0.1437 %.
    let missed = with_probe("disk waits", |probe| probe.missed = Some(30));
    assert_eq!(one(&missed, Limit::DiskBlocked(sendfile(), 0.0024)).outcome, Pass);
    let row = one(&missed, Limit::DiskBlocked(sendfile(), 0.0016));
    assert_eq!((row.outcome, row.hits, row.hits_most), (Inconclusive, Some(40), Some(70)));
    assert_eq!(row.why.unwrap(), "30 disk waits may be missing");
}
