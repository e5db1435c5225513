//! Latency agrees with the program's own clock.

use tests::{agree::repeatedly, needs, recording::Histogram, truth::Truth, workload::Workload};

use crate::{watch, watch_with};

/// The two clocks may be so far apart in the median.
const APART_NS: u64 = 2_000;

/// The same after a sleep: nothing of the probes is left in the CPU's caches then.
const APART_AFTER_SLEEP_NS: u64 = 5_000;

fn assert_clocks_agree(seen: &Histogram, truth: &Truth, apart_ns: u64) {
    let mut latencies = truth.each().map(|call| call.latency_ns).collect::<Vec<_>>();
    latencies.sort_unstable();
    let median_ns = latencies[(latencies.len() - 1) / 2];
    // The upper edge of the median's bucket, which is a sixteenth wide.
    let seen_ns = seen.p50.expect("a median");
    assert!(seen_ns <= median_ns + median_ns / 16, "median: {seen_ns} seen, {median_ns} true");
    assert!(seen_ns + apart_ns >= median_ns, "median: {seen_ns} seen, {median_ns} true");
    // The program's clock is read before the entry and after the exit, so it can never show less.
    assert!(seen.sum <= latencies.iter().sum(), "sum: {} seen", seen.sum);
    assert!(seen.min <= latencies.first().copied(), "shortest: {:?} seen", seen.min);
    assert!(seen.max <= latencies.last().copied(), "longest: {:?} seen", seen.max);
}

#[test]
fn short_calls_agree_with_the_programs_own_clock() {
    repeatedly(|| {
        let _machine = needs!(Root);
        let (seen, truth) = watch("count --measured --calls 20000");
        assert_clocks_agree(&seen.sendfile().latency, &truth, APART_NS);
        assert_clocks_agree(&seen.sendfile().thread(truth.threads[0].tid).latency, &truth, APART_NS);
    });
}

#[test]
fn cold_calls_agree_with_the_programs_own_clock() {
    repeatedly(|| {
        let _machine = needs!(Root);
        let (seen, truth) = watch("cold --calls 500 --hot-every 0");
        assert_clocks_agree(&seen.sendfile().latency, &truth, APART_AFTER_SLEEP_NS);
    });
}

#[test]
fn long_calls_agree_with_the_programs_own_clock() {
    repeatedly(|| {
        let _machine = needs!(Root);
        let (seen, truth) = watch("held --calls 40 --hold-us 2000");
        assert_clocks_agree(&seen.sendfile().latency, &truth, APART_AFTER_SLEEP_NS);
    });
}

#[test]
fn slow_calls_are_those_of_at_least_the_threshold() {
    repeatedly(|| {
        let _machine = needs!(Root);
        let workload = Workload::start("held --calls 40 --hold-us 5000");
        let (seen, truth) = watch_with("--threshold 4ms", workload);
        // A peer that begins to wait before the call is entered holds it for less.
        let at_least = |ns| truth.each().filter(|call| call.latency_ns >= ns).count() as u64;
        let (least, most) = (at_least(4_000_000 + 2 * APART_AFTER_SLEEP_NS), at_least(4_000_000));
        assert!(least >= 30, "only {least} of 40 calls took 4 ms");
        assert_eq!(seen.threshold_ns, 4_000_000);
        let slow = seen.sendfile().slow;
        assert!((least..=most).contains(&slow), "{slow} slow calls, {least} to {most} by the program's clock");
        let workload = Workload::start("held --calls 40 --hold-us 5000");
        let (seen, truth) = watch_with("--threshold 1s", workload);
        assert!(truth.each().all(|call| call.latency_ns < 1_000_000_000));
        assert_eq!((seen.threshold_ns, seen.sendfile().slow), (1_000_000_000, 0));
    });
}

#[test]
fn the_threshold_cuts_inside_a_bucket() {
    repeatedly(|| {
        let _machine = needs!(Root);
        let workload = Workload::start("count --measured --calls 3000 --bytes 4096,65536,262144,1048576 --out memory");
        let (seen, truth) = watch_with("--threshold 50us", workload);
        let at_least = |ns| truth.each().filter(|call| call.latency_ns >= ns).count() as u64;
        // From below, where a call's latency by the program's clock can only be too long: in the median by less than
        // 2 us, but now and then by an interrupt between the clock and the call. The power is in the bound from above.
        let (least, most) = (at_least(50_000 + APART_AFTER_SLEEP_NS) - truth.calls() / 500, at_least(50_000));
        assert!(least > 0 && most < truth.calls(), "the threshold cuts nothing: {least}, {most}");
        let slow = seen.sendfile().slow;
        assert!((least..=most).contains(&slow), "{slow} slow calls, {least} to {most} by the program's clock");
    });
}
