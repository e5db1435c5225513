//! By how much do two sides differ, and how well is that known?

use super::rank_sum::pairs_left_out;

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The median over all pairs of an old and a new run.
    pub value: f64,
    /// What holds the true value with 95 %; `None` if there are too few runs for that.
    pub interval: Option<(f64, f64)>,
}

/// How many times the old side the new one is. Two figures of 0 are alike; above 0 against 0 is infinitely often.
///
/// J. L. Hodges and E. L. Lehmann, Estimates of Location Based on Rank Tests, Annals of Mathematical Statistics 34 (1963); the
/// interval is that of L. E. Moses, as in M. Hollander and D. A. Wolfe, Nonparametric Statistical Methods, chapter 4.
///
/// # Panics
/// If a side is empty.
#[must_use]
pub fn ratio(old: &[f64], new: &[f64]) -> Estimate {
    of_pairs(old, new, |old, new| if old == new { 1.0 } else { new / old })
}

/// By how much the new side is above the old one; likewise.
///
/// # Panics
/// If a side is empty.
#[must_use]
pub fn difference(old: &[f64], new: &[f64]) -> Estimate {
    of_pairs(old, new, |old, new| new - old)
}

fn of_pairs(old: &[f64], new: &[f64], of: impl Fn(f64, f64) -> f64) -> Estimate {
    let mut pairs: Vec<f64> =
        old.iter().flat_map(|&old| new.iter().map(move |&new| (old, new))).map(|(old, new)| of(old, new)).collect();
    pairs.sort_by(f64::total_cmp);
    let left_out = pairs_left_out(old.len(), new.len());
    Estimate {
        value: median_of_sorted(&pairs),
        interval: left_out.map(|left_out| (pairs[left_out], pairs[pairs.len() - 1 - left_out])),
    }
}

/// The middle one, or halfway between the two.
///
/// # Panics
/// If there are none.
#[must_use]
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    median_of_sorted(&sorted)
}

fn median_of_sorted(sorted: &[f64]) -> f64 {
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    // Not through their difference, which infinity has none of.
    if low == high { low } else { low.midpoint(high) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_the_median_of_all_pairs() {
        let found = difference(&[1.0, 2.0, 3.0, 4.0], &[11.0, 12.0, 13.0, 14.0]);
        assert_eq!(found, Estimate { value: 10.0, interval: Some((7.0, 13.0)) });
        assert_eq!(ratio(&[2.0], &[3.0]), Estimate { value: 1.5, interval: None });
    }

    #[test]
    fn a_figure_of_0_has_a_ratio_too() {
        assert_eq!(ratio(&[0.0], &[0.0]).value, 1.0);
        assert_eq!(ratio(&[0.0], &[0.1]).value, f64::INFINITY);
        assert_eq!(ratio(&[0.1], &[0.0]).value, 0.0);
        assert_eq!(ratio(&[0.0; 4], &[0.0, 0.0, 1.0, 1.0]).value, f64::INFINITY);
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
