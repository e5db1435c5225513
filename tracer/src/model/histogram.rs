//! A latency histogram: exact count, sum, minimum and maximum; everything between to a sixteenth.

mod json;

use std::{fmt, iter::Peekable, slice};

use serde::{Deserialize, Serialize};
use tracer_common::histogram::{BUCKETS, bounds_of, bucket_of};

use super::SparseHistogram;

/// Values in ns, in the buckets of the `log-linear-4` scheme.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "json::HistogramJson", try_from = "json::HistogramJson")]
pub struct Histogram {
    /// Count per bucket, of the non-empty ones, in order of their index.
    counts: Vec<(usize, u64)>,
    count: u64,
    sum_ns: u64,
    /// Minimum and maximum; `None` without values.
    extremes: Option<(u64, u64)>,
}

/// Collects a histogram from dense counts.
#[derive(Clone, Debug)]
pub struct HistogramBuilder {
    counts: Vec<u64>,
    sum_ns: u64,
    extremes: Option<(u64, u64)>,
}

impl Default for HistogramBuilder {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], sum_ns: 0, extremes: None }
    }
}

impl HistogramBuilder {
    /// Adds counts by bucket, from index 0 on.
    pub fn add_counts<T: Copy + Into<u64>>(&mut self, counts: &[T]) {
        for (total, &count) in self.counts.iter_mut().zip(counts) {
            *total += count.into();
        }
    }

    /// Adds to the sum, ns.
    pub fn add_sum(&mut self, sum_ns: u64) {
        self.sum_ns += sum_ns;
    }

    /// Takes in a minimum and a maximum.
    pub fn add_extremes(&mut self, extremes: Option<(u64, u64)>) {
        self.extremes = match (self.extremes, extremes) {
            (Some((low, high)), Some((min, max))) => Some((low.min(min), high.max(max))),
            (one, other) => one.or(other),
        };
    }

    /// Adds all of another histogram.
    pub fn add(&mut self, other: &Histogram) {
        self.add_values(other);
        self.add_extremes(other.extremes);
    }

    /// Adds the counts and the sum of another histogram, not its extremes.
    pub fn add_values(&mut self, other: &Histogram) {
        for &(index, count) in &other.counts {
            self.counts[index] += count;
        }
        self.add_sum(other.sum_ns);
    }

    /// Minimum and maximum, where they are known better than from what was added.
    pub fn set_extremes(&mut self, extremes: Option<(u64, u64)>) {
        self.extremes = extremes;
    }

    /// Minimum and maximum so far.
    #[must_use]
    pub fn extremes(&self) -> Option<(u64, u64)> {
        self.extremes
    }

    /// What is left of the counts and of the sum without `parts`. The extremes are not known.
    #[must_use]
    pub fn remainder(&self, parts: &[&Histogram]) -> Self {
        let mut rest = Self { extremes: None, ..self.clone() };
        for part in parts {
            for &(index, count) in &part.counts {
                rest.counts[index] = rest.counts[index].saturating_sub(count);
            }
            rest.sum_ns = rest.sum_ns.saturating_sub(part.sum_ns);
        }
        rest
    }

    /// Adds one value.
    pub fn record(&mut self, value_ns: u64) {
        self.counts[bucket_of(value_ns)] += 1;
        self.add_sum(value_ns);
        self.add_extremes(Some((value_ns, value_ns)));
    }

    /// The histogram.
    #[must_use]
    pub fn build(&self) -> Histogram {
        let counts: Vec<_> = self.counts.iter().copied().enumerate().filter(|&(_, count)| count > 0).collect();
        let count = counts.iter().map(|&(_, count)| count).sum();
        Histogram { counts, count, sum_ns: self.sum_ns, extremes: self.extremes.filter(|_| count > 0) }
    }
}

impl Histogram {
    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    #[must_use]
    pub fn sum_ns(&self) -> u64 {
        self.sum_ns
    }

    /// The shortest; `None` without values.
    #[must_use]
    pub fn min_ns(&self) -> Option<u64> {
        self.extremes.map(|(min, _)| min)
    }

    /// The longest; `None` without values.
    #[must_use]
    pub fn max_ns(&self) -> Option<u64> {
        self.extremes.map(|(_, max)| max)
    }

    /// The non-empty buckets as `(low, high, count)`, each `[low, high)`.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.counts.iter().map(|&(index, count)| {
            let (low, high) = bounds_of(index);
            (low, high, count)
        })
    }

    /// The same counts by power of two: `[0, 1)`, `[1, 2)`, `[2, 4)`, …; non-empty ones only.
    #[must_use]
    pub fn log2(&self) -> Vec<(u64, u64, u64)> {
        let mut rows: Vec<(u64, u64, u64)> = Vec::new();
        for (low, _, count) in self.buckets() {
            let (low, high) = log2_row_of(low);
            match rows.last_mut() {
                Some(row) if row.0 == low => row.2 += count,
                _ => rows.push((low, high, count)),
            }
        }
        rows
    }

    /// The value below or at which a share of at least `per_mille` / 1000 of all values lies: the last
    /// value of the bucket that holds the ⌈q·count⌉-th, at most the maximum. `None` without values.
    #[must_use]
    pub fn percentile(&self, per_mille: u32) -> Option<u64> {
        let max_ns = self.max_ns()?;
        let rank = (u128::from(self.count) * u128::from(per_mille)).div_ceil(1000);
        let mut seen = 0u128;
        for (_, high, count) in self.buckets() {
            seen += u128::from(count);
            if seen >= rank {
                return Some(max_ns.min(high - 1));
            }
        }
        Some(max_ns)
    }

    /// The values of both; `None` if a figure gets too large.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let mut counts = Vec::with_capacity(self.counts.len().max(other.counts.len()));
        let (mut mine, mut others) = (self.counts.iter().peekable(), other.counts.iter().peekable());
        while let Some(&&(index, _)) = [mine.peek(), others.peek()].into_iter().flatten().min() {
            let take = |from: &mut Peekable<slice::Iter<'_, (usize, u64)>>| {
                from.next_if(|&&(next, _)| next == index).map_or(0, |&(_, count)| count)
            };
            counts.push((index, take(&mut mine).checked_add(take(&mut others))?));
        }
        let mut builder = HistogramBuilder { counts: Vec::new(), sum_ns: 0, extremes: self.extremes };
        builder.add_extremes(other.extremes);
        Some(Self {
            counts,
            count: self.count.checked_add(other.count)?,
            sum_ns: self.sum_ns.checked_add(other.sum_ns)?,
            extremes: builder.extremes,
        })
    }

    /// Whether the least, the greatest and the sum are such as values in these buckets can have.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        let Some((min_ns, max_ns)) = self.extremes else { return self.sum_ns == 0 };
        let place = |entry: Option<&(usize, u64)>| entry.map(|&(index, _)| index);
        let (mut least_ns, mut most_ns) = (0u128, 0u128);
        for &(index, count) in &self.counts {
            let (low, high) = bounds_of(index);
            least_ns += u128::from(low) * u128::from(count);
            most_ns +=
                u128::from(max_ns.min(if index == BUCKETS - 1 { u64::MAX } else { high - 1 })) * u128::from(count);
        }
        min_ns <= max_ns
            && place(self.counts.first()) == Some(bucket_of(min_ns))
            && place(self.counts.last()) == Some(bucket_of(max_ns))
            && (least_ns..=most_ns).contains(&self.sum_ns.into())
    }

    /// The buckets alone.
    #[must_use]
    pub fn sparse(&self) -> SparseHistogram {
        SparseHistogram { buckets: self.buckets().collect() }
    }
}

/// The power-of-two row that holds `value`.
fn log2_row_of(value: u64) -> (u64, u64) {
    match value {
        0 => (0, 1),
        _ => {
            let low = 1 << value.ilog2();
            (low, low * 2)
        }
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Histogram({} values, {} ns, {:?})", self.count, self.sum_ns, self.extremes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram_of(values: &[u64]) -> Histogram {
        let mut builder = HistogramBuilder::default();
        for &value in values {
            builder.record(value);
        }
        builder.build()
    }

    #[test]
    fn without_values_everything_is_unknown() {
        let empty = Histogram::default();
        assert_eq!((empty.count(), empty.min_ns(), empty.max_ns(), empty.percentile(500)), (0, None, None, None));
        assert!(empty.log2().is_empty());
    }

    #[test]
    fn a_percentile_is_the_last_value_of_its_bucket_and_at_most_the_maximum() {
        let histogram = histogram_of(&[10, 100, 1000, 1001]);
        assert_eq!(histogram.percentile(250), Some(10));
        assert_eq!(histogram.percentile(500), Some(103));
        assert_eq!(histogram.percentile(999), Some(1001));
    }

    #[test]
    fn two_added_are_the_values_of_both() {
        let (one, other) = ([3, 5_000, 5_001], [3, 70, 1 << 41]);
        let both = histogram_of(&[one, other].concat());
        assert_eq!(histogram_of(&one).plus(&histogram_of(&other)), Some(both.clone()));
        assert_eq!(both.plus(&Histogram::default()), Some(both.clone()));
        let full = Histogram { sum_ns: u64::MAX, ..both.clone() };
        assert_eq!(full.plus(&both), None);
    }

    #[test]
    fn what_no_values_can_have_is_not_plausible() {
        let sound = histogram_of(&[3, 70, 5_000, 1 << 41]);
        assert!(sound.is_plausible() && Histogram::default().is_plausible());
        for extremes in [(2, 1 << 41), (3, 5_000), (1 << 41, 3)] {
            assert!(!Histogram { extremes: Some(extremes), ..sound.clone() }.is_plausible(), "{extremes:?}");
        }
        // The last bucket begins at 31 << 35: together with the others the sum is more.
        for sum_ns in [0, 31 << 35, u64::MAX] {
            assert!(!Histogram { sum_ns, ..sound.clone() }.is_plausible(), "{sum_ns}");
        }
        assert!(!Histogram { sum_ns: 1, ..Histogram::default() }.is_plausible());
    }

    #[test]
    fn percentiles_agree_with_hdrhistogram_to_a_bucket() {
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let mut builder = HistogramBuilder::default();
        let mut oracle = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 1 << 40, 5).unwrap();
        for _ in 0..50_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = 1 + (state >> 33) % (1 << ((state >> 59) + 4));
            builder.record(value);
            oracle.record(value).unwrap();
        }
        let histogram = builder.build();
        for per_mille in [1, 500, 900, 990, 999, 1000] {
            let exact = oracle.value_at_quantile(f64::from(per_mille) / 1000.0);
            let (low, high) = bounds_of(bucket_of(exact));
            let ours = histogram.percentile(per_mille).unwrap();
            assert!((low..=high).contains(&ours), "{per_mille}: {ours} is not in the bucket of {exact}");
        }
    }
}
