//! The statistics agree with scipy's, on random runs.

use fastrand::Rng;
use serde::Deserialize;
use serde_json::json;
use tests::{needs, python};
use tracer::gate::{
    compare::{
        hodges_lehmann::{self, Estimate},
        holm, permutation,
    },
    wilson,
};

#[derive(Deserialize)]
struct Theirs {
    pairs: Vec<TheirPair>,
    wilson: Vec<(f64, f64)>,
    holm: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct TheirPair {
    p: f64,
    ratio: Option<TheirEstimate>,
    difference: TheirEstimate,
}

#[derive(Deserialize)]
struct TheirEstimate {
    value: f64,
    interval: Option<(f64, f64)>,
}

fn assert_near(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{what}: {ours}, scipy {theirs}");
}

fn assert_same(ours: Estimate, theirs: &TheirEstimate, what: &str) {
    assert_near(ours.value, theirs.value, what);
    assert_eq!(ours.interval.is_some(), theirs.interval.is_some(), "{what}");
    for (ours, theirs) in ours.interval.into_iter().zip(theirs.interval) {
        assert_near(ours.0, theirs.0, what);
        assert_near(ours.1, theirs.1, what);
    }
}

/// Figures of a side: times; shares of which some are 0; or few values, so that many are equal.
fn side(kind: u32, runs: usize, rng: &mut Rng) -> Vec<f64> {
    let figure = |rng: &mut Rng| match kind {
        0 => (rng.f64() * 3.0).exp() * 1e5,
        1 => (rng.f64() - 0.4).max(0.0) * 0.01,
        _ => f64::from(rng.u32(1..4)) * 1000.0,
    };
    (0..runs).map(|_| figure(rng)).collect()
}

#[test]
fn they_agree_with_scipy() {
    let _machine = needs!(Scipy);
    let mut rng = Rng::with_seed(20_181_019);
    let pairs: Vec<(Vec<f64>, Vec<f64>)> = (0..90)
        .map(|number| {
            let (olds, news) = (rng.usize(2..8), rng.usize(2..8));
            (side(number % 3, olds, &mut rng), side(number % 3, news, &mut rng))
        })
        .collect();
    let shares: Vec<(u64, u64)> = (0..100)
        .map(|_| {
            let trials = 10_u64.pow(rng.u32(0..7)) + rng.u64(0..10);
            (rng.u64(0..=trials) / rng.u64(1..100), trials)
        })
        .collect();
    let p: Vec<Vec<f64>> = (1..8).map(|tests| (0..tests).map(|_| rng.f64().powi(3)).collect()).collect();
    let asked = json!({
        "pairs": pairs.iter().map(|(old, new)| json!({"old": old, "new": new})).collect::<Vec<_>>(),
        "shares": shares,
        "p": p,
    });
    let theirs: Theirs = python::answer(include_str!("statistics.py"), &asked);
    assert_eq!((theirs.pairs.len(), theirs.wilson.len(), theirs.holm.len()), (pairs.len(), shares.len(), p.len()));
    for ((old, new), theirs) in pairs.iter().zip(&theirs.pairs) {
        let what = format!("{old:?} {new:?}");
        assert_near(permutation::test(old, new, 0).p, theirs.p, &what);
        assert_same(hodges_lehmann::difference(old, new), &theirs.difference, &what);
        if let Some(theirs) = &theirs.ratio {
            assert_same(hodges_lehmann::ratio(old, new), theirs, &what);
        }
    }
    for (&(hits, trials), theirs) in shares.iter().zip(&theirs.wilson) {
        let (low, high) = wilson::interval(hits, trials, wilson::Z_95);
        assert_near(low, theirs.0, &format!("{hits} of {trials}"));
        assert_near(high, theirs.1, &format!("{hits} of {trials}"));
    }
    for (p, theirs) in p.iter().zip(&theirs.holm) {
        holm::adjusted(p).iter().zip(theirs).for_each(|(&ours, &theirs)| assert_near(ours, theirs, &format!("{p:?}")));
    }
}

#[test]
fn drawn_divisions_are_as_near_to_all_of_them_as_they_say() {
    let _machine = needs!(Scipy);
    let mut rng = Rng::with_seed(7504);
    // 2.7 million ways: drawn here, all of them there.
    let (old, new) = (side(0, 12, &mut rng), side(0, 12, &mut rng));
    let theirs: Theirs = python::answer(
        include_str!("statistics.py"),
        &json!({"pairs": [{"old": old[..10], "new": new[..10]}], "shares": [], "p": []}),
    );
    let exact = permutation::test(&old[..10], &new[..10], 0);
    assert_near(exact.p, theirs.pairs[0].p, "ten a side");
    let tries: Vec<_> = (0..20).map(|seed| permutation::test(&old, &new, seed)).collect();
    let mean = tries.iter().map(|found| found.p).sum::<f64>() / 20.0;
    for found in &tries {
        assert!(found.divisions == 200_000 && (found.p - mean).abs() < 5.0 * found.p_error, "{found:?} beside {mean}");
    }
}
