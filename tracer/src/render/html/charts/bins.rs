//! Latencies put together to bins: so many for each power of two, as equal as integers allow.

use std::collections::BTreeMap;

use crate::model::Histogram;

/// The bin `[low, high)` that holds the bucket which begins at `low_ns`, of so many `parts` of each power of two: 1, 2, 4, 8
/// or 16. Buckets do not cross these.
pub fn bin_of(low_ns: u64, parts: u64) -> (u64, u64) {
    let Some(power) = low_ns.checked_ilog2() else { return (0, 1) };
    let octave = 1u64 << power;
    let step = (octave / parts).max(1);
    let low = octave + (low_ns - octave) / step * step;
    (low, low.saturating_add(step))
}

/// A bin that two sides share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    /// From here, ns.
    pub low_ns: u64,
    /// To below here.
    pub high_ns: u64,
    /// Calls of the old side, and of the new one.
    pub calls: [u64; 2],
}

/// Both sides in the same bins, from the lowest to the highest that holds a call; those between are there also if they are empty.
pub fn overlaid(sides: [&Histogram; 2], parts: u64) -> Vec<Bin> {
    let mut bins: BTreeMap<(u64, u64), [u64; 2]> = BTreeMap::new();
    for (side, histogram) in sides.into_iter().enumerate() {
        for (low, _, calls) in histogram.buckets() {
            let sum = &mut bins.entry(bin_of(low, parts)).or_default()[side];
            *sum = sum.saturating_add(calls);
        }
    }
    let mut out: Vec<Bin> = Vec::new();
    for ((low_ns, high_ns), calls) in bins {
        while let Some(next) = out.last().map(|bin| bin.high_ns).filter(|&next| next < low_ns) {
            let (low_ns, high_ns) = bin_of(next, parts);
            out.push(Bin { low_ns, high_ns, calls: [0, 0] });
        }
        out.push(Bin { low_ns, high_ns, calls });
    }
    out
}

#[cfg(test)]
mod tests {
    use tracer_common::histogram::{BUCKETS, bounds_of};

    use super::*;
    use crate::model::HistogramBuilder;

    #[test]
    fn no_bucket_crosses_a_bin() {
        for parts in [1, 2, 4] {
            for index in 0..BUCKETS {
                let (low, high) = bounds_of(index);
                let bin = bin_of(low, parts);
                assert!(bin.0 <= low && high <= bin.1, "[{low}, {high}) is not in {bin:?} of {parts}");
            }
        }
    }

    #[test]
    fn two_sides_have_the_same_bins_and_those_between_are_empty() {
        let [mut old, mut new] = [HistogramBuilder::default(), HistogramBuilder::default()];
        [1024, 1030, 1300].into_iter().for_each(|ns| old.record(ns));
        [1024, 2600].into_iter().for_each(|ns| new.record(ns));
        let bins = overlaid([&old.build(), &new.build()], 4);
        let bins: Vec<_> = bins.iter().map(|bin| (bin.low_ns, bin.high_ns, bin.calls)).collect();
        let expected = [
            (1024, 1280, [2, 1]),
            (1280, 1536, [1, 0]),
            (1536, 1792, [0, 0]),
            (1792, 2048, [0, 0]),
            (2048, 2560, [0, 0]),
            (2560, 3072, [0, 1]),
        ];
        assert_eq!(bins, expected);
    }
}
