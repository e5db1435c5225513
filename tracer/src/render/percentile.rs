//! Percentiles of buckets that are not a [`Histogram`](crate::model::Histogram): an interval's, or several
//! threads' together.

use tracer_common::histogram::{BUCKETS, bounds_of, bucket_of};

use crate::model::{EventLoop, Histogram};

/// The last value of the bucket that holds the ⌈q·count⌉-th value, q in thousandths; `None` without values.
pub fn of_buckets(buckets: &[(u64, u64, u64)], per_mille: u32) -> Option<u64> {
    let count: u128 = buckets.iter().map(|&(_, _, count)| u128::from(count)).sum();
    let rank = (count * u128::from(per_mille)).div_ceil(1000);
    let mut seen = 0;
    for &(_, high, count) in buckets {
        seen += u128::from(count);
        if count > 0 && seen >= rank {
            return Some(high.saturating_sub(1));
        }
    }
    None
}

/// The buckets of all of them.
pub fn merged<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Vec<(u64, u64, u64)> {
    summed(histograms.flat_map(Histogram::buckets))
}

/// The same buckets, each once and in order.
pub fn summed(buckets: impl Iterator<Item = (u64, u64, u64)>) -> Vec<(u64, u64, u64)> {
    let mut counts = vec![0u64; BUCKETS];
    for (low, _, count) in buckets {
        let total = &mut counts[bucket_of(low)];
        *total = total.saturating_add(count);
    }
    let buckets = counts.into_iter().enumerate().filter(|&(_, count)| count > 0);
    buckets.map(|(index, count)| (bounds_of(index).0, bounds_of(index).1, count)).collect()
}

/// A percentile of the turns of some event loops together, in thousandths; `None` if it is not known.
pub fn of_turns(loops: &[EventLoop], of: fn(&EventLoop) -> Option<&Histogram>, per_mille: u32) -> Option<u64> {
    let turns: Option<Vec<_>> = loops.iter().map(of).collect();
    let turns = turns?;
    let max_ns = turns.iter().filter_map(|histogram| histogram.max_ns()).max()?;
    of_buckets(&merged(turns.into_iter()), per_mille).map(|ns| ns.min(max_ns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HistogramBuilder;

    #[test]
    fn several_histograms_have_the_percentile_of_their_values() {
        let (mut one, mut other, mut both) =
            (HistogramBuilder::default(), HistogramBuilder::default(), HistogramBuilder::default());
        for value in 1..=1000 {
            if value % 3 == 0 { &mut one } else { &mut other }.record(value * 977);
            both.record(value * 977);
        }
        let both = both.build();
        let merged = merged([one.build(), other.build()].iter());
        assert_eq!(merged, both.buckets().collect::<Vec<_>>());
        // Below the maximum, which caps the histogram's own.
        assert_eq!(of_buckets(&merged, 500), both.percentile(500));
        assert_eq!(of_buckets(&merged, 900), both.percentile(900));
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(of_buckets(&[], 500), None);
        assert_eq!(of_buckets(&[(1, 2, 0)], 500), None);
    }
}
