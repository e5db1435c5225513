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
    fn a_spread_is_written_with_the_decimals_asked_for() {
        let spread = Spread { low: -0.26, median: 1.0, high: 2.5 };
        assert_eq!(format!("{spread:.1}"), "1.0 (−0.3 … 2.5)");
    }
}
