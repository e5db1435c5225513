//! How many runs would settle it?

use super::{hodges_lehmann::median, permutation::divisions};
use crate::gate::wilson::Z_95;

/// The normal distribution's quantile for a one-sided 5 %.
const Z_ONE_SIDED: f64 = 1.644_853_626_951_472_2;

/// Beyond so many a side, the noise has to come down instead.
pub const MOST_RUNS: usize = 100;

/// The least number of runs a side that can show anything at this level, where so many metrics are tested.
#[must_use]
pub fn least_runs(level: f64, tests: usize) -> usize {
    (2..MOST_RUNS).find(|&runs| tests as f64 / divisions(runs, runs) <= level).unwrap_or(MOST_RUNS)
}

/// What figures scatter by within a side: their standard deviation from the median of their own side.
#[must_use]
pub fn noise(old: &[f64], new: &[f64]) -> f64 {
    let apart = [old, new].map(|side| {
        let middle = median(side);
        side.iter().map(|figure| (figure - middle).abs()).collect::<Vec<_>>()
    });
    let squares: f64 = apart.iter().flatten().map(|apart| apart * apart).sum();
    let free = (old.len() + new.len()).saturating_sub(2).max(1);
    (squares / free as f64).sqrt()
}

/// Runs a side after which a change by `change` is found with 95 %, and no change is told from `allowed`, at this noise;
/// all three in the same unit. `None`: more than [`MOST_RUNS`].
#[must_use]
pub fn runs(noise: f64, change: f64, allowed: f64, level: f64, tests: usize) -> Option<usize> {
    (least_runs(level, tests)..=MOST_RUNS).find(|&runs| {
        let error = noise * (2.0 / runs as f64).sqrt();
        let is_found = (quantile(level / tests as f64) + Z_ONE_SIDED) * error <= change;
        let is_beyond = Z_ONE_SIDED * error <= change - allowed;
        let is_ruled_out = Z_95 * error <= allowed;
        is_found && is_beyond && is_ruled_out
    })
}

/// The normal distribution's upper quantile of a small probability: Abramowitz and Stegun 26.2.23, to 0.0005.
fn quantile(probability: f64) -> f64 {
    let t = (-2.0 * probability.ln()).sqrt();
    let over = 2.515_517 + 0.802_853 * t + 0.010_328 * t * t;
    let under = 1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t;
    t - over / under
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_runs_than_chance_allows_show_nothing() {
        assert_eq!(least_runs(0.05, 1), 3);
        assert_eq!(least_runs(0.05, 3), 4);
        assert_eq!(least_runs(0.05, 6), 5);
    }

    #[test]
    fn more_noise_needs_more_runs() {
        let of = |noise| runs(noise, 1.2_f64.ln(), 1.1_f64.ln(), 0.05, 3);
        assert_eq!(of(0.0), Some(4));
        assert!(of(0.05) < of(0.10) && of(0.10) < of(0.15), "{:?} {:?} {:?}", of(0.05), of(0.10), of(0.15));
        assert_eq!(of(1.0), None);
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (probability, expected) in [(0.05, 1.6449), (0.025, 1.9600), (0.05 / 3.0, 2.1280)] {
            assert!((quantile(probability) - expected).abs() < 0.0005, "{probability}");
        }
    }
}
