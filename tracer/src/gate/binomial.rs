//! How many hits among many trials are too few, or too many, for chance alone.

/// Beyond this variance the normal distribution is as good as the sum, which would take long.
const MOST_VARIANCE: f64 = 1e8;

/// Terms smaller than this, compared with the greatest, change no digit of the sum.
const NOTHING: f64 = 1e-30;

/// What hits of trials must come to, so that chance alone explains them too seldom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Critical {
    /// So many hits or fewer are too few; `None` if none at all would not be.
    pub too_few: Option<u64>,
    /// So many hits or more are too many; `None` if all of them would not be.
    pub too_many: Option<u64>,
}

impl Critical {
    /// Of a binomial distribution: each of `trials` is a hit with probability `share`, between 0 and 1. `tail` is how
    /// seldom is too seldom, on either side; `z` is the normal distribution's quantile for it.
    #[must_use]
    pub fn of(trials: u64, share: f64, tail: f64, z: f64) -> Self {
        let n = trials as f64;
        let variance = n * share * (1.0 - share);
        if variance > MOST_VARIANCE {
            let half = z * variance.sqrt();
            // Two more than the term for the skewness (Cornish and Fisher) and the rounding can come to.
            let (few, many) = ((n * share - half - 2.0).floor(), (n * share + half + 2.0).ceil());
            return Self { too_few: Some(few as u64), too_many: Some(many as u64) };
        }
        Sum::of(trials, share).critical(tail)
    }
}

/// The distribution around its mode, as multiples of the mode's own probability.
struct Sum {
    trials: u64,
    odds: f64,
    /// The fewest and the most hits that are worth a term, and their terms.
    first: (u64, f64),
    last: (u64, f64),
    total: f64,
}

impl Sum {
    fn of(trials: u64, share: f64) -> Self {
        let odds = share / (1.0 - share);
        let mode = (((trials as f64 + 1.0) * share) as u64).min(trials);
        let mut sum = Self { trials, odds, first: (mode, 1.0), last: (mode, 1.0), total: 1.0 };
        while sum.first.0 > 0 && sum.first.1 > NOTHING {
            let (hits, term) = sum.first;
            sum.first = (hits - 1, term / sum.step(hits - 1));
            sum.total += sum.first.1;
        }
        while sum.last.0 < trials && sum.last.1 > NOTHING {
            let (hits, term) = sum.last;
            sum.last = (hits + 1, term * sum.step(hits));
            sum.total += sum.last.1;
        }
        sum
    }

    /// The term of one hit more, as a multiple of that of `hits`.
    fn step(&self, hits: u64) -> f64 {
        (self.trials - hits) as f64 / (hits as f64 + 1.0) * self.odds
    }

    fn critical(&self, tail: f64) -> Critical {
        let most = tail * self.total;
        let (mut hits, mut term) = self.first;
        let mut below = term;
        while below <= most {
            term *= self.step(hits);
            hits += 1;
            below += term;
        }
        let too_few = hits.checked_sub(1);
        (hits, term) = self.last;
        let mut above = term;
        while above <= most {
            hits -= 1;
            term /= self.step(hits);
            above += term;
        }
        Critical { too_few, too_many: Some(hits + 1).filter(|&hits| hits <= self.trials) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::wilson::Z_95;

    /// scipy 1.17.1: the most hits whose `binom.cdf` is at most 0.025, the fewest whose `binom.sf` of one less is.
    const SCIPY: [(u64, f64, Option<u64>, Option<u64>); 14] = [
        (1, 0.01, None, Some(1)),
        (10, 0.01, None, Some(2)),
        (367, 0.01, None, Some(9)),
        (368, 0.01, Some(0), Some(9)),
        (1000, 0.01, Some(3), Some(18)),
        (6293, 0.01, Some(47), Some(80)),
        (37903, 0.01, Some(341), Some(418)),
        (1_000_000, 0.01, Some(9804), Some(10196)),
        (100_000_000, 0.01, Some(998_049), Some(1_001_952)),
        (20, 0.5, Some(5), Some(15)),
        (6, 0.5, Some(0), Some(6)),
        (5, 0.5, None, None),
        (1, 0.99, Some(0), None),
        (1000, 0.001, None, Some(4)),
    ];

    #[test]
    fn it_is_what_scipy_says() {
        for (trials, share, too_few, too_many) in SCIPY {
            assert_eq!(Critical::of(trials, share, 0.025, Z_95), Critical { too_few, too_many }, "{trials} {share}");
        }
    }

    #[test]
    fn beyond_what_is_summed_up_it_is_on_the_safe_side() {
        // scipy again: 199_972_420 and 200_027_581.
        let Critical { too_few, too_many } = Critical::of(20_000_000_000, 0.01, 0.025, Z_95);
        assert!((199_972_410..=199_972_420).contains(&too_few.unwrap()), "{too_few:?}");
        assert!((200_027_581..=200_027_590).contains(&too_many.unwrap()), "{too_many:?}");
        assert!(Critical::of(u64::MAX, 0.01, 0.025, Z_95).too_few > Some(1 << 50));
    }
}
