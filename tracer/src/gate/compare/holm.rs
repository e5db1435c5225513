//! Several tests at once.

/// The p-values, adjusted so that none of the tests errs more often than one alone would: each is compared with the level of
/// all. In the order given.
///
/// S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6 (1979).
#[must_use]
pub fn adjusted(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&one, &other| p[one].total_cmp(&p[other]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 0.0_f64;
    for (place, &index) in order.iter().enumerate() {
        least = least.max((p.len() - place) as f64 * p[index]).min(1.0);
        adjusted[index] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_pays_for_all_and_none_falls_below_one_before_it() {
        assert_eq!(adjusted(&[0.03, 0.01, 0.02]), [0.04, 0.03, 0.04]);
        assert_eq!(adjusted(&[0.5, 0.4]), [0.8, 0.8]);
        assert_eq!(adjusted(&[0.05]), [0.05]);
        assert_eq!(adjusted(&[]), [0.0; 0]);
    }
}
