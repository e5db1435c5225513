//! What holds for every recording and every text.

use proptest::prelude::*;
use tests::golden::{NAMES, path, recording};
use tracer::{
    gate::{
        check::{Limit, Of},
        slo,
    },
    model::Recording,
};

use super::one;

/// That a greater limit is never kept less.
fn assert_monotonic(recording: &Recording, what: &str, limits: impl IntoIterator<Item = Limit>) {
    let outcomes: Vec<_> = limits.into_iter().map(|limit| one(recording, limit).outcome).collect();
    assert!(outcomes.is_sorted_by(|one, other| one >= other), "{what}: {outcomes:?}");
}

#[test]
fn what_keeps_a_limit_keeps_a_greater_one() {
    for name in NAMES {
        let recording = recording(name);
        // From above 0 on, which is a limit of its own kind: of these calls alone.
        let shares = || (1..=400).map(|step| f64::from(step).powi(2) / 160_000.0);
        let times_ns = || (0..600).map(|step| (1.05f64.powi(step) * 100.0) as u64).take_while(|&ns| ns < 1 << 40);
        for of in [Of::EachFamily, Of::Syscall("sendfile".into())] {
            assert_monotonic(&recording, name, shares().map(|share| Limit::Slow(of.clone(), share)));
            assert_monotonic(&recording, name, shares().map(|share| Limit::DiskBlocked(of.clone(), share)));
            assert_monotonic(&recording, name, times_ns().map(|ns| Limit::P99(of.clone(), ns)));
        }
        assert_monotonic(&recording, name, times_ns().map(Limit::EventLoopBlocked));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_text_breaks_the_reader_of_objectives(text in any::<String>()) {
        if let Err(mistake) = slo::parse(&text) {
            prop_assert!(!mistake.to_string().contains('\n'));
        }
    }

    #[test]
    fn neither_does_a_damaged_file(at in 0usize..2_000, cut in 0usize..40, put in "[a-z0-9:&*!\\[{}\\]| \n\"'%-]{0,12}") {
        let mut text = std::fs::read_to_string(path("checks").join("slo.yaml")).expect("reading the SLOs");
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.replace_range(at..end, &put);
        if let Err(mistake) = slo::parse(&text) {
            prop_assert!(!mistake.to_string().contains('\n'), "{mistake}");
        }
    }
}
