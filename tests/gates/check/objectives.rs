//! Service-level objectives: budgets by hand from the integers of the golden recordings.

use std::fs;

use tests::golden;
use tracer::{
    analysis::merge::merge,
    gate::{
        check::{Limits, report::ObjectiveReport},
        outcome::Outcome::{Fail, Inconclusive, Pass},
        slo,
    },
    model::Recording,
};

use super::{changed, found};

const DAY_NS: u64 = 86_400_000_000_000;

fn slo_text() -> String {
    fs::read_to_string(golden::path("checks").join("slo.yaml")).expect("reading the SLOs")
}

/// What the objectives of a file say of a recording.
fn objectives(recording: &Recording, text: &str) -> Vec<ObjectiveReport> {
    let slos = slo::parse(text).unwrap_or_else(|mistake| panic!("{mistake}:\n{text}"));
    found(recording, &Limits { limits: Vec::new(), slos }).objectives
}

fn assert_near(actual: f64, expected: f64) {
    assert!((actual / expected - 1.0).abs() < 1e-9, "{actual} is not {expected}");
}

#[test]
fn the_burn_rate_is_the_bad_share_over_the_allowed_one() {
    // 40 of 37,903 calls were disk-blocked, where 0.1 % may be, and 0.01 %.
    let [usual, strict, latency] =
        <[_; 3]>::try_from(objectives(&golden::recording("nginx-minute"), &slo_text())).unwrap();
    assert_eq!((usual.good, usual.total, usual.outcome), (37_863, 37_903, Inconclusive));
    assert_eq!((strict.good, strict.total, strict.outcome), (37_863, 37_903, Fail));
    let budget = usual.budget.unwrap();
    assert_near(budget.burn_rate, 40.0 / 37.903);
    // statsmodels: 0.0007751468685100805 to 0.0014366295706262045.
    assert_near(budget.burn_rate_interval.low, 0.7751468685100805);
    assert_near(budget.burn_rate_interval.high.unwrap(), 1.4366295706262045);
    assert_eq!(budget.covered_ns, 56_002_576_508);
    assert_near(budget.used, 40.0 / 37.903 * 56.002_576_508 / (28.0 * 86_400.0));
    assert_near(budget.exhausted_after_ns.unwrap() as f64, 28.0 * DAY_NS as f64 / (40.0 / 37.903));
    assert_near(strict.budget.unwrap().burn_rate, 400.0 / 37.903);
    // 33 calls took longer than 5 ms, where 1 % may.
    assert_eq!((latency.good, latency.outcome, latency.window_ns), (37_870, Pass, 28 * DAY_NS));
    assert_near(latency.budget.unwrap().burn_rate, 3300.0 / 37_903.0);
    assert_eq!(latency.budget.unwrap().exhausted_after_ns, None);
}

#[test]
fn names_and_words_are_those_of_the_file() {
    let rows = objectives(&golden::recording("clear"), &slo_text());
    let said: Vec<_> =
        rows.iter().map(|row| (row.name.as_str(), row.service.as_str(), row.good_are.as_str())).collect();
    assert_eq!(said[0], ("sendfile-in-memory (1)", "web", "not disk-blocked"));
    assert_eq!(said[1], ("sendfile-in-memory (strict)", "web", "not disk-blocked"));
    assert_eq!(said[2], ("sendfile-latency (fast)", "web", "of at most 5 ms"));
}

#[test]
fn good_calls_may_be_those_that_are_not_slow_or_faster_than_some_time() {
    let minute = golden::recording("nginx-minute");
    let with = |spec: &str| {
        let text = slo_text().replace("calls: not_disk_blocked", spec);
        let rows = objectives(&minute, &text);
        (rows[0].total - rows[0].good, rows[0].good_are.clone())
    };
    assert_eq!(with("calls: not_slow"), (62, "not slow".into()));
    // 61,440 ns begin a bucket, and 425 calls are in it or above; a call of just that is not faster.
    assert_eq!(with("faster_than: 61440ns"), (425, "faster than 61.44 µs".into()));
    let text = slo_text().replace("latency: ms", "latency: ns").replace("value: 5,", "value: 61439,");
    assert_eq!(objectives(&minute, &text)[2].good, 37_903 - 425);
    assert_eq!(objectives(&minute, &text.replace("op: lte", "op: lt").replace("61439", "61440"))[2].good, 37_903 - 425);
    let family = slo_text().replace("syscall: sendfile", "family: sendfile");
    assert_eq!(objectives(&minute, &family)[0].good, 37_863);
}

#[test]
fn what_is_not_known_is_not_good() {
    let rows = objectives(&golden::recording("inconclusive"), &slo_text());
    assert_eq!((rows[0].good, rows[0].total, rows[0].bad_share, rows[0].outcome), (0, 755, None, Inconclusive));
    assert!(rows[0].why.as_ref().unwrap().starts_with("disk waits were not observed; 12 calls"), "{:?}", rows[0].why);
    let rows = objectives(&golden::recording("no-calls"), &slo_text());
    assert!(rows.iter().all(|row| row.outcome == Inconclusive && row.budget.is_none() && row.total == 0));
}

#[test]
fn time_that_several_recordings_cover_counts_once() {
    // Three hosts, 2.004997050 s each, that began within 400 ms.
    let fleet = objectives(&golden::fleet(), &slo_text());
    assert_eq!(fleet[0].total, 3 * 1_179);
    assert_eq!(fleet[0].budget.unwrap().covered_ns, 2_404_997_050);
    let later = changed("blocked", |recording| recording.window.start += jiff::SignedDuration::from_mins(10));
    let apart = merge(vec![golden::recording("blocked"), later]).unwrap();
    assert_eq!(objectives(&apart, &slo_text())[0].budget.unwrap().covered_ns, 20_000_000_000);
}

/// Two recordings of 200 s each, one behind the other, in pieces of 20 s with 100 calls each; in the last 100 s one call
/// of a piece waits for the disk.
fn minutes(gap_seconds: i64) -> Recording {
    let part = |seconds: i64| {
        changed("nginx-minute", |recording| {
            recording.window.start += jiff::SignedDuration::from_secs(seconds);
            recording.window.duration_ns = 200_000_000_000;
            let template = recording.intervals[0].clone();
            recording.intervals = (0..10)
                .map(|piece| {
                    let mut interval = template.clone();
                    (interval.at_ns, interval.duration_ns) = (piece * 20_000_000_000, 20_000_000_000);
                    let row = &mut interval.syscalls[0];
                    (row.calls, row.disk_blocked) = (100, u64::from(seconds > 0 && piece >= 5));
                    interval
                })
                .collect();
        })
    };
    merge(vec![part(0), part(200 + gap_seconds)]).unwrap()
}

#[test]
fn burn_rates_are_those_of_windows_that_are_covered() {
    let [row, ..] = <[_; 3]>::try_from(objectives(&minutes(0), &slo_text())).unwrap();
    let rates: Vec<_> = row.burn_rates.iter().map(|rate| (rate.window_ns, rate.bad, rate.total)).collect();
    // Of the last five minutes: 15 pieces, 5 of them with a disk-blocked call.
    assert_eq!(rates, [(300_000_000_000, 5, 1_500)]);
    assert_near(row.burn_rates[0].burn_rate.unwrap(), 5.0 / 1.5);
    // A gap in it: nobody knows.
    assert!(objectives(&minutes(1), &slo_text())[0].burn_rates.is_empty());
}
