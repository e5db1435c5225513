//! Would chance alone order the runs so? The test asks nothing of the figures but that, were there no difference, any run
//! could as well have been of the other side.

use fastrand::Rng;

/// Up to so many ways to divide the runs, each is looked at; beyond, so many are drawn.
const MOST_EXACT: f64 = 1e6;
const DRAWN: u32 = 200_000;

/// What a permutation test found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Permutation {
    /// The share of divisions under which the new side would be at least as much above the old one. One-sided.
    pub p: f64,
    /// How far `p` may be off because divisions were drawn: its standard error; 0 if all were looked at.
    pub p_error: f64,
    /// The least `p` that so many runs can give.
    pub least_p: f64,
    /// Divisions that were looked at.
    pub divisions: u64,
}

/// Tests whether `new` is above `old`, by the difference of their means: of the logarithms if all figures are above 0, since
/// times differ by factors, else of the figures. `seed` chooses the divisions, where not all are looked at.
///
/// E. J. G. Pitman, Significance Tests Which May be Applied to Samples from any Populations, JRSS Suppl. 4 (1937); for
/// drawn divisions B. Phipson and G. K. Smyth, Permutation P-values Should Never Be Zero, SAGMB 9 (2010).
///
/// # Panics
/// If a side is empty or a figure is not finite.
#[must_use]
pub fn test(old: &[f64], new: &[f64], seed: u64) -> Permutation {
    assert!(!old.is_empty() && !new.is_empty(), "a side without runs");
    let mut scores = scores(&[new, old].concat());
    assert!(scores.iter().all(|score| score.is_finite()), "a figure that is not finite");
    let chosen = new.len();
    // With sizes given, the mean of one side decides on the difference, and so does its sum.
    let observed: f64 = scores[..chosen].iter().sum();
    // Sums of the same figures in another order differ by rounding.
    let tolerance = 1e-12 * scores.iter().map(|score| score.abs()).sum::<f64>();
    let all = divisions(old.len(), new.len());
    let least_p = least_p(old.len(), new.len());
    if all <= MOST_EXACT {
        let reached = reached(&scores, chosen, observed - tolerance);
        return Permutation { p: reached as f64 / all, p_error: 0.0, least_p, divisions: all as u64 };
    }
    let mut rng = Rng::with_seed(seed);
    let reached = (0..DRAWN).filter(|_| drawn_sum(&mut scores, chosen, &mut rng) >= observed - tolerance).count();
    // The observed division is one of them.
    let p = (reached as f64 + 1.0) / (f64::from(DRAWN) + 1.0);
    let p_error = (p * (1.0 - p) / f64::from(DRAWN)).sqrt();
    Permutation { p, p_error, least_p, divisions: DRAWN.into() }
}

/// The least `p` that sides of these sizes can give.
#[must_use]
pub fn least_p(old: usize, new: usize) -> f64 {
    let all = divisions(old, new);
    if all <= MOST_EXACT { 1.0 / all } else { 1.0 / (f64::from(DRAWN) + 1.0) }
}

/// What the means are taken of.
fn scores(figures: &[f64]) -> Vec<f64> {
    match figures.iter().all(|&figure| figure > 0.0) {
        true => figures.iter().map(|figure| figure.ln()).collect(),
        false => figures.to_vec(),
    }
}

/// The ways to divide runs into an old and a new side of these sizes.
#[must_use]
pub fn divisions(old: usize, new: usize) -> f64 {
    (1..=new).map(|place| (old + place) as f64 / place as f64).product::<f64>().round()
}

/// The choices of so many scores whose sum is at least `least`.
fn reached(scores: &[f64], chosen: usize, least: f64) -> u64 {
    if chosen == 0 {
        return u64::from(0.0 >= least);
    }
    if scores.len() < chosen {
        return 0;
    }
    let (first, others) = (scores[0], &scores[1..]);
    reached(others, chosen - 1, least - first) + reached(others, chosen, least)
}

/// The sum of so many scores, drawn anew.
fn drawn_sum(scores: &mut [f64], chosen: usize, rng: &mut Rng) -> f64 {
    for place in 0..chosen {
        let other = rng.usize(place..scores.len());
        scores.swap(place, other);
    }
    scores[..chosen].iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_divisions_are_looked_at_where_they_are_few() {
        // Of the 20 ways, only the observed one has the three largest on the new side.
        let found = test(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], 0);
        assert_eq!(found, Permutation { p: 0.05, p_error: 0.0, least_p: 0.05, divisions: 20 });
        assert_eq!(test(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0], 0).p, 1.0);
    }

    #[test]
    fn equal_figures_show_nothing() {
        assert_eq!(test(&[0.0; 7], &[0.0; 7], 0).p, 1.0);
        assert_eq!(test(&[0.1; 5], &[0.1; 6], 0).p, 1.0);
    }

    #[test]
    fn drawn_divisions_come_near_to_all_of_them() {
        let old: Vec<f64> = (0..10).map(|run| f64::from(run * 37 % 11)).collect();
        let new: Vec<f64> = (0..10).map(|run| f64::from(run * 29 % 13) + 1.0).collect();
        let exact = test(&old, &new, 0);
        assert_eq!((exact.divisions, exact.p_error), (184_756, 0.0));
        // More than a million ways with three more runs that change nothing of the question.
        let many = test(&[&old[..], &[5.5, 5.5]].concat(), &[&new[..], &[5.5]].concat(), 7);
        assert_eq!(many.divisions, u64::from(DRAWN));
        assert!(many.p_error > 0.0 && many.p_error < 0.0012);
    }

    #[test]
    fn the_number_of_divisions_is_exact() {
        assert_eq!(divisions(7, 7), 3432.0);
        assert_eq!(divisions(20, 20), 137_846_528_820.0);
        assert_eq!(divisions(1, 1), 2.0);
    }
}
