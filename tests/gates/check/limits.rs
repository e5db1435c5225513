//! Limits of calls, against intervals of statsmodels 0.14 (`proportion_confint(method="wilson")`) and scipy 1.17
//! (`binom.cdf`), computed from the figures and buckets of the golden recordings.

use tests::golden::recording;
use tracer::{
    gate::{
        check::{Limit, Of, report::LimitReport},
        outcome::Outcome::{Fail, Inconclusive, Pass},
        wilson::{self, Z_95},
    },
    model::HistogramBuilder,
};

use super::{changed, one, sendfile};

fn assert_near(actual: (f64, f64), expected: (f64, f64)) {
    for (actual, expected) in [(actual.0, expected.0), (actual.1, expected.1)] {
        assert!((actual - expected).abs() < 1e-12, "{actual} is not {expected}");
    }
}

#[test]
fn wilsons_interval_is_that_of_statsmodels() {
    for (hits, trials, expected) in [
        (0, 10, (0.0, 0.27753279986288926)),
        (1, 10, (0.017876213095072924, 0.40415002679523854)),
        (5, 10, (0.23659309051256394, 0.7634069094874361)),
        (10, 10, (0.7224672001371106, 1.0)),
        (7, 6293, (0.0005389319460587555, 0.002294466184952085)),
        (123_456, 100_000_000, (0.0012276967961646278, 0.0012414615235718793)),
    ] {
        assert_near(wilson::interval(hits, trials, Z_95), expected);
    }
}

#[test]
fn a_share_is_judged_by_where_its_interval_lies() {
    let minute = recording("nginx-minute");
    let slow = |share| one(&minute, Limit::Slow(sendfile(), share));
    let at = slow(0.0021);
    assert_eq!((at.calls, at.hits, at.hits_most), (Some(37_903), Some(62), Some(62)));
    assert_near(at.interval.unwrap().closed().unwrap(), (0.0012763242890846474, 0.0020961924889110095));
    assert!((at.value.unwrap() - 62.0 / 37_903.0).abs() < 1e-15);
    let outcomes = [0.0021, 0.0020, 0.0013, 0.0012].map(|share| slow(share).outcome);
    assert_eq!(outcomes, [Pass, Inconclusive, Inconclusive, Fail]);
}

#[test]
fn what_is_inconclusive_says_how_many_more_calls_would_settle_it() {
    // Where the ends of Wilson's interval cross the limit, by scipy's brentq: at 57,792.06 and 44,241.6 calls.
    let minute = recording("nginx-minute");
    for (limit, more) in [(0.002, "19,890 more calls"), (0.0013, "6,339 more calls")] {
        let why = one(&minute, Limit::Slow(sendfile(), limit)).why.unwrap();
        assert_eq!(why, format!("the limit lies inside the interval; about {more} at this share would settle it"));
    }
}

#[test]
fn a_limit_of_nothing_is_exact() {
    let hot = recording("nginx-hot");
    assert_eq!(one(&hot, Limit::DiskBlocked(sendfile(), 0.0)).outcome, Pass);
    let minute = recording("nginx-minute");
    assert_eq!(one(&minute, Limit::DiskBlocked(sendfile(), 0.0)).outcome, Fail);
    assert_eq!(one(&minute, Limit::DiskBlocked(sendfile(), 1.0)).outcome, Pass);
}

#[test]
fn a_percentile_has_the_interval_of_order_statistics() {
    for (name, p99, low, high) in [
        ("nginx-minute", 73_727.0, 61_440.0, 77_823.0),
        ("clear", 15_359.0, 14_336.0, 15_871.0),
        ("blocked", 188_415.0, 139_264.0, 237_567.0),
        ("inconclusive", 69_631.0, 55_296.0, 8_912_895.0),
        ("nginx-hot", 31_743.0, 20_480.0, 36_863.0),
    ] {
        let row = one(&recording(name), Limit::P99(sendfile(), 1));
        assert_eq!((row.value, row.interval.unwrap().closed()), (Some(p99), Some((low, high))), "{name}");
    }
}

#[test]
fn a_percentile_passes_above_its_interval_and_fails_below() {
    // Of 37,903 calls 341 longer ones are too few for a share of 1 %, and 418 too many (scipy).
    let minute = recording("nginx-minute");
    let at = |ns| one(&minute, Limit::P99(sendfile(), ns));
    let above = |row: &LimitReport| (row.hits.unwrap(), row.hits_most.unwrap());
    assert_eq!((at(77_823).outcome, at(61_439).outcome), (Pass, Fail));
    assert_eq!(above(&at(61_439)), (425, 425));
    assert_eq!((at(77_000).outcome, at(65_535).outcome), (Inconclusive, Inconclusive));
    // Inside the bucket from 61,440 to 65,536: between 403 or 414 and 425 calls took longer.
    let inside = at(64_000);
    assert_eq!((inside.outcome, above(&inside).1), (Inconclusive, 414));
}

#[test]
fn inside_the_bucket_that_decides_nothing_is_shown() {
    // 1,000 calls in one bucket, [1,015,808, 1,048,576): all or none of them took longer than a limit inside.
    let slow = |at_ns: u64, slow: u64| {
        changed("nginx-hot", |recording| {
            let mut builder = HistogramBuilder::default();
            (0..1_000).for_each(|_| builder.record(at_ns));
            builder.set_extremes(Some((1_016_000, 1_048_000)));
            let row = &mut recording.syscalls[0];
            (row.latency, row.calls, row.slow) = (builder.build(), 1_000, slow);
            recording.threshold_ns = 10_000_000;
        })
    };
    let row = one(&slow(1_020_000, 0), Limit::P99(sendfile(), 1_030_000));
    assert_eq!((row.outcome, row.hits, row.hits_most), (Inconclusive, Some(0), Some(1_000)));
    let why = row.why.unwrap();
    assert!(why.contains("1,000 calls lie in the bucket from 1.015808 ms to 1.048576 ms"), "{why}");
    // The greatest and the least of all calls are known exactly.
    assert_eq!(one(&slow(1_020_000, 0), Limit::P99(sendfile(), 1_048_000)).outcome, Pass);
    assert_eq!(one(&slow(1_020_000, 0), Limit::P99(sendfile(), 1_015_999)).outcome, Fail);
}

#[test]
fn at_the_threshold_calls_are_counted_one_by_one() {
    // The threshold, 1 ms, lies inside the bucket from 983,040 to 1,015,808.
    let row = one(&recording("nginx-minute"), Limit::P99(sendfile(), 999_999));
    assert_eq!((row.hits, row.hits_most), (Some(62), Some(62)));
}

#[test]
fn few_calls_show_no_percentile() {
    // (1 - 0.01)^367 = 0.02500…, (1 - 0.01)^368 = 0.0247…: from 368 calls on none longer is too few.
    let calls = |calls: u64| {
        changed("nginx-hot", |recording| {
            let mut builder = HistogramBuilder::default();
            (0..calls).for_each(|_| builder.record(1_000));
            let row = &mut recording.syscalls[0];
            (row.latency, row.calls, row.slow) = (builder.build(), calls, 0);
        })
    };
    let at = |number| one(&calls(number), Limit::P99(sendfile(), 2_000));
    assert_eq!((at(367).outcome, at(368).outcome), (Inconclusive, Pass));
    assert_eq!(at(367).interval.unwrap().high, None);
    let why = at(100).why.unwrap();
    assert!(why.starts_with("there are too few calls; about 2"), "{why}");
}

#[test]
fn what_was_not_traced_or_not_called_is_inconclusive() {
    let why = |name, of| {
        let row = one(&recording(name), Limit::Slow(of, 1.0));
        assert_eq!((row.outcome, row.value), (Inconclusive, None));
        row.why.unwrap()
    };
    assert_eq!(why("nginx-minute", Of::Syscall("recv".into())), "it was not traced; traced were sendfile");
    assert_eq!(why("no-calls", sendfile()), "no such call was made");
    assert_eq!(why("no-calls", Of::EachFamily), "no such call was made");
    let none = changed("no-calls", |recording| recording.syscalls.clear());
    let row = one(&none, Limit::P99(Of::EachFamily, 1));
    assert!(row.why.unwrap().starts_with("no system call was traced"));
}

#[test]
fn each_family_that_made_calls_is_judged_as_a_whole() {
    // splice made 1,020 calls, 3 of them slow, and tee 8, none of them slow.
    let row = one(&recording("several-calls"), Limit::Slow(Of::EachFamily, 0.01));
    assert_eq!((row.name().as_str(), row.calls, row.hits), ("splice calls slow", Some(1_028), Some(3)));
    // nginx made calls of sendfile alone; those of the other families are named.
    let cold = recording("nginx-cold");
    assert_eq!(one(&cold, Limit::Slow(Of::EachFamily, 1.0)).name(), "sendfile slow");
}
