//! Medians and quartiles: a round that something disturbed does not move them.

use std::fmt;

/// The middle of some figures and their spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// A quarter of the figures is at most this.
    pub low: f64,
    pub median: f64,
    /// A quarter of the figures is at least this.
    pub high: f64,
}

impl Spread {
    /// `None` of no figures.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<_> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self { low: quantile(&sorted, 0.25)?, median: quantile(&sorted, 0.5)?, high: quantile(&sorted, 0.75)? })
    }
}

/// The median, and an interval that holds the true one with a probability of 95 % at least, whatever the distribution
/// (order statistics: Conover, Practical Nonparametric Statistics, 3.2). `None` of fewer than six figures.
pub fn median_with_interval(figures: impl IntoIterator<Item = f64>) -> Option<Spread> {
    let mut sorted: Vec<_> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len();
    // Probability that so many figures at most lie below the true median.
    let mut below = 0.0;
    let mut ways = 0.5f64.powi(i32::try_from(count).ok()?);
    let mut cut = 0;
    loop {
        below += ways;
        if below > 0.025 {
            break;
        }
        ways *= (count - cut) as f64 / (cut + 1) as f64;
        cut += 1;
    }
    let first = cut.checked_sub(1)?;
    Some(Spread { low: sorted[first], median: quantile(&sorted, 0.5)?, high: sorted[count - 1 - first] })
}

impl Spread {
    /// In another unit.
    pub fn scaled(self, factor: f64) -> Self {
        Self { low: self.low * factor, median: self.median * factor, high: self.high * factor }
    }
}

/// Median and quartiles, with as many decimals as the format asks for.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(0);
        let number = |value: f64| format!("{value:.decimals$}").replace('-', "−");
        write!(f, "{} ({} … {})", number(self.median), number(self.low), number(self.high))
    }
}

/// Between two figures by their distance from the place.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_the_figures() {
        let spread = Spread::of([4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(spread, Spread { low: 1.75, median: 2.5, high: 3.25 });
        assert_eq!(Spread::of([7.0]).unwrap(), Spread { low: 7.0, median: 7.0, high: 7.0 });
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn the_interval_of_a_median_takes_enough_figures() {
        let figures = |count: u32| (1..=count).map(f64::from);
        assert_eq!(median_with_interval(figures(5)), None);
        assert_eq!(median_with_interval(figures(6)), Some(Spread { low: 1.0, median: 3.5, high: 6.0 }));
        // The table of the book: from the third to the tenth of twelve.
        assert_eq!(median_with_interval(figures(12)), Some(Spread { low: 3.0, median: 6.5, high: 10.0 }));
    }

    #[test]
    fn a_spread_is_written_with_the_decimals_asked_for() {
        let spread = Spread { low: -0.26, median: 1.0, high: 2.5 };
        assert_eq!(format!("{spread:.1}"), "1.0 (−0.3 … 2.5)");
    }
}
