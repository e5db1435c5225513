//! Two measures of the same thing.

/// Two measures of the same thing agree within a share of the larger one and an absolute slack.
///
/// # Panics
/// If they do not.
pub fn assert_agree(what: &str, seen_ns: u64, truth_ns: u64, share: f64, slack_ns: u64) {
    let allowed = share * seen_ns.max(truth_ns) as f64 + slack_ns as f64;
    let apart = seen_ns.abs_diff(truth_ns);
    assert!(apart as f64 <= allowed, "{what}: {seen_ns} seen, {truth_ns} true, {apart} apart, {allowed} allowed");
}
