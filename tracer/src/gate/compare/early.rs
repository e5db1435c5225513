//! Stopping before all runs are made, without erring more often: one look on the way, which spends a part of the level that the
//! comparison may spend. Whatever the two have to do with each other, both together err at most as often as the sum of
//! their levels (C. E. Bonferroni's inequality).

use super::{
    answer::{Options, compare},
    comparable::Refusal,
    comparison::{Comparison, Look},
    decision::Rule,
    figures::Run,
    permutation,
};
use crate::gate::outcome::Outcome;

/// What the look spends.
pub const LEVEL: f64 = 0.01;

/// After how many runs a side the look is due, of so many: two thirds, rounded up.
#[must_use]
pub fn due_after(runs: usize) -> usize {
    (2 * runs).div_ceil(3)
}

/// Looks at the runs so far. It stops for worse alone: a pass needs all runs. `None` if so few runs cannot reach its level, over
/// all metrics that decide: then it is not made, and spends nothing.
///
/// # Errors
/// If the runs cannot be compared.
pub fn look(old: &[Run<'_>], new: &[Run<'_>], options: &Options) -> Result<Option<(Look, Comparison)>, Refusal> {
    let options = Options { rule: Rule { level: LEVEL, ..options.rule }, ..options.clone() };
    let comparison = compare(old, new, &options)?;
    let tests = comparison.metrics.iter().filter(|metric| metric.gates).count();
    if tests == 0 || permutation::least_p(old.len(), new.len()) * tests as f64 > LEVEL {
        return Ok(None);
    }
    let stopped = comparison.outcome == Outcome::Fail;
    Ok(Some((Look { old_runs: old.len(), new_runs: new.len(), level: LEVEL, stopped }, comparison)))
}

/// What is left of a level for the comparison of all runs.
#[must_use]
pub fn left(level: f64, looks: &[Look]) -> f64 {
    level - looks.iter().map(|look| look.level).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_is_due_after_two_thirds_of_the_runs() {
        assert_eq!([4, 5, 6, 7, 8, 9, 100].map(due_after), [3, 4, 4, 5, 6, 6, 67]);
    }

    #[test]
    fn what_the_look_spends_is_not_there_for_the_last_comparison() {
        let look = Look { old_runs: 6, new_runs: 6, level: LEVEL, stopped: false };
        assert_eq!((left(0.05, &[look]), left(0.05, &[])), (0.04, 0.05));
    }
}
