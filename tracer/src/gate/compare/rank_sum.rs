//! How often, by chance alone, a run of one side is above one of the other.

use crate::gate::wilson::Z_95;

/// Beyond so many pairs the distribution is taken for normal, which it is by then to three digits.
const MOST_EXACT_PAIRS: usize = 2_500;

/// How many pairs to leave out at either end, of all pairs of an old and a new run in the order of their differences, so that
/// the others hold the true shift with a probability of at least 95 %; `None` if there are too few runs for that.
///
/// So many as the rank-sum statistic reaches with a probability of at most 2.5 %: H. B. Mann and D. R. Whitney, On a Test
/// of Whether one of Two Random Variables is Stochastically Larger than the Other, Annals of Mathematical Statistics 18 (1947).
#[must_use]
pub fn pairs_left_out(old: usize, new: usize) -> Option<usize> {
    let pairs = old * new;
    if pairs > MOST_EXACT_PAIRS {
        let deviation = (pairs as f64 * (old + new + 1) as f64 / 12.0).sqrt();
        return Some((pairs as f64 / 2.0 - Z_95 * deviation - 0.5) as usize);
    }
    let ways = ways(old, new);
    let most = 0.025 * ways.iter().sum::<f64>();
    let mut below = 0.0;
    let values = ways.iter().take_while(|&&ways| {
        below += ways;
        below <= most
    });
    values.count().checked_sub(1)
}

/// In how many orders of the runs the statistic has each of its values, from 0 to `old * new`.
fn ways(old: usize, new: usize) -> Vec<f64> {
    // A row for each number of new runs, with as many old runs as were taken in so far. The last run in an order is a new
    // one, above all old ones, or an old one, above none.
    let mut rows = vec![vec![1.0]; new + 1];
    for olds in 1..=old {
        let mut grown: Vec<Vec<f64>> = vec![vec![1.0]];
        for news in 1..=new {
            let mut row = vec![0.0; olds * news + 1];
            for (value, ways) in grown[news - 1].iter().enumerate() {
                row[value + olds] += ways;
            }
            for (value, ways) in rows[news].iter().enumerate() {
                row[value] += ways;
            }
            grown.push(row);
        }
        rows = grown;
    }
    rows.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_are_those_that_counting_finds() {
        assert_eq!(ways(2, 2), [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert_eq!(ways(1, 3), [1.0; 4]);
        assert_eq!(ways(7, 7).iter().sum::<f64>(), 3432.0);
    }

    #[test]
    fn critical_values_are_those_of_the_tables() {
        // Two-sided, 5 %.
        for (runs, left_out) in [(4, 0), (5, 2), (7, 8), (10, 23), (20, 127)] {
            assert_eq!(pairs_left_out(runs, runs), Some(left_out), "{runs}");
        }
        assert_eq!(pairs_left_out(3, 3), None);
        assert_eq!(pairs_left_out(1, 1), None);
        assert_eq!(pairs_left_out(8, 5), Some(6));
    }

    #[test]
    fn where_it_is_taken_for_normal_it_was_nearly_so_before() {
        // By the formula for normal: 965.3 and 985.0.
        assert_eq!((pairs_left_out(50, 50), pairs_left_out(50, 51)), (Some(965), Some(985)));
    }
}
