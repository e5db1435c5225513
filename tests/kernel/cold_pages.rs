//! Cold pages equal what mincore sees come into the page cache.

use tests::needs;

use crate::{assert_counts, watch};

fn assert_gains(arguments: &str, outside_expected: bool) {
    let (seen, truth) = watch(arguments);
    let seen = seen.sendfile();
    assert_counts(seen, &truth);
    let inside = truth.sum(|call| call.gained_inside);
    let outside = truth.sum(|call| call.gained_outside);
    assert!(inside > 0, "nothing was cold");
    assert_eq!(outside > 0, outside_expected, "{outside} pages came outside of the ranges");
    assert_eq!(seen.cold_requested, Some(inside), "cold pages inside the returned ranges");
    assert_eq!(seen.read_ahead, Some(outside), "cold pages outside of them");
    for thread in &truth.threads {
        let sum = |gain: Option<u64>| gain.expect("the workload took the gain");
        let inside = thread.each.iter().map(|call| sum(call.gained_inside)).sum::<u64>();
        assert_eq!(seen.thread(thread.tid).cold_requested, Some(inside));
    }
}

#[test]
fn single_pages_without_read_ahead() {
    let _machine = needs!(Root);
    assert_gains("cold --gains --calls 40", false);
}

#[test]
fn ranges_in_random_order_with_read_ahead() {
    let _machine = needs!(Root);
    assert_gains("cold --gains --calls 40 --bytes 262144 --read-ahead --hot-every 5", true);
}

#[test]
fn ranges_in_order_with_read_ahead() {
    let _machine = needs!(Root);
    assert_gains("cold --gains --calls 50 --bytes 262144 --read-ahead --hot-every 0 --in-order", true);
}

#[test]
fn partly_returned_ranges_count_only_what_was_returned_as_requested() {
    let _machine = needs!(Root);
    assert_gains("cold --gains --calls 40 --bytes 262144 --partial --hot-every 0", true);
    assert_gains("cold --gains --calls 40 --bytes 262144 --partial --hot-every 4 --read-ahead", true);
}
