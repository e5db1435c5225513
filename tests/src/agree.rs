//! Two measures of the same thing.

use std::{
    io::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

/// So often a measurement of times is made before it counts as wrong.
const TRIES: u32 = 3;

/// Makes a test that compares times, and once or twice more if it fails: on a machine that is shared, its host may take
/// the CPU between two clocks that are read for the same moment. That does not repeat; a wrong figure does. Not for
/// tests of counts.
///
/// # Panics
/// As the last try did.
pub fn repeatedly(test: impl Fn()) {
    for left in (0..TRIES).rev() {
        match catch_unwind(AssertUnwindSafe(&test)) {
            Ok(()) => return,
            Err(_) if left > 0 => {
                // Nobody is left to tell when stderr is closed.
                let _ = writeln!(io::stderr(), "again: the times did not agree, which the machine may have done");
            }
            Err(panic) => resume_unwind(panic),
        }
    }
}

/// Two measures of the same thing agree within a share of the larger one and an absolute slack.
///
/// # Panics
/// If they do not.
pub fn assert_agree(what: &str, seen_ns: u64, truth_ns: u64, share: f64, slack_ns: u64) {
    let allowed = share * seen_ns.max(truth_ns) as f64 + slack_ns as f64;
    let apart = seen_ns.abs_diff(truth_ns);
    assert!(apart as f64 <= allowed, "{what}: {seen_ns} seen, {truth_ns} true, {apart} apart, {allowed} allowed");
}
