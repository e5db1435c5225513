//! How well a share is known that was counted.

/// The normal distribution's quantile for an interval of 95 %.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// Wilson's score interval of a share: `hits` of `trials`, with `z` standard deviations to either side; from 0 to 1 where
/// nothing was tried. It holds for independent trials; calls of one run are not quite, so it is the least that the share is
/// uncertain by.
///
/// E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927).
#[must_use]
pub fn interval(hits: u64, trials: u64, z: f64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let (hits, trials) = (hits.min(trials) as f64, trials as f64);
    let share = hits / trials;
    let denominator = 1.0 + z * z / trials;
    let center = (share + z * z / (2.0 * trials)) / denominator;
    let half = z / denominator * (share * (1.0 - share) / trials + z * z / (4.0 * trials * trials)).sqrt();
    // Exact at the ends, where rounding would leave a trace.
    let low = if hits == 0.0 { 0.0 } else { (center - half).max(0.0) };
    let high = if hits == trials { 1.0 } else { (center + half).min(1.0) };
    (low, high)
}

/// After how many trials with this share the interval of 95 % ends at `limit`: where |share − limit| =
/// z √(limit (1 − limit) / trials). Never, where both are the same.
#[must_use]
pub fn trials_to_tell(share: f64, limit: f64) -> f64 {
    (Z_95 / (share - limit)).powi(2) * limit * (1.0 - limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_tried_says_nothing() {
        assert_eq!(interval(0, 0, Z_95), (0.0, 1.0));
    }

    #[test]
    fn it_holds_the_share_and_keeps_within_0_and_1() {
        for trials in [1, 2, 10, 1000, u64::MAX] {
            for hits in [0, 1, trials / 2, trials] {
                let (low, high) = interval(hits.min(trials), trials, Z_95);
                let share = hits.min(trials) as f64 / trials as f64;
                assert!(
                    (0.0..=share + 1e-12).contains(&low) && (share - 1e-12..=1.0).contains(&high),
                    "{hits} of {trials}"
                );
            }
        }
    }
}
