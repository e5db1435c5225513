//! A latency histogram: exact count, sum, minimum and maximum; everything between to a sixteenth.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracer_common::histogram::{BUCKETS, bounds_of, bucket_of};

use super::SparseHistogram;

/// Values in ns, in the buckets of the `log-linear-4` scheme.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "HistogramJson", try_from = "HistogramJson")]
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

/// The JSON form.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Histogram")]
struct HistogramJson {
    /// Always `ns`.
    unit: String,
    /// Always `log-linear-4`: 16 buckets per power of two.
    scheme: String,
    count: u64,
    sum: u64,
    min: Option<u64>,
    max: Option<u64>,
    /// Non-empty buckets `[low, high, count]`, each `[low, high)`; the last is closed at 2^40.
    buckets: Vec<(u64, u64, u64)>,
    /// The same by power of two.
    log2: Vec<(u64, u64, u64)>,
    p50: Option<u64>,
    p90: Option<u64>,
    p99: Option<u64>,
    p999: Option<u64>,
}

const UNIT: &str = "ns";
const SCHEME: &str = "log-linear-4";

impl From<Histogram> for HistogramJson {
    fn from(histogram: Histogram) -> Self {
        Self {
            unit: UNIT.into(),
            scheme: SCHEME.into(),
            count: histogram.count,
            sum: histogram.sum_ns,
            min: histogram.min_ns(),
            max: histogram.max_ns(),
            buckets: histogram.buckets().collect(),
            log2: histogram.log2(),
            p50: histogram.percentile(500),
            p90: histogram.percentile(900),
            p99: histogram.percentile(990),
            p999: histogram.percentile(999),
        }
    }
}

impl TryFrom<HistogramJson> for Histogram {
    type Error = String;

    fn try_from(json: HistogramJson) -> Result<Self, String> {
        if json.scheme != SCHEME || json.unit != UNIT {
            return Err(format!(
                "histogram of scheme {:?} in {:?}; this version reads {SCHEME} in {UNIT}",
                json.scheme, json.unit
            ));
        }
        let mut counts: Vec<(usize, u64)> = Vec::with_capacity(json.buckets.len());
        let mut count = 0u64;
        for (low, high, values) in json.buckets {
            let index = bucket_of(low);
            if bounds_of(index) != (low, high) || counts.last().is_some_and(|&(last, _)| last >= index) || values == 0 {
                return Err(format!("histogram bucket [{low}, {high}) is not of the scheme, out of order or empty"));
            }
            counts.push((index, values));
            count = count.checked_add(values).ok_or("histogram counts overflow")?;
        }
        if count != json.count {
            return Err(format!("histogram of {} values has {count} in its buckets", json.count));
        }
        let extremes = json.min.zip(json.max);
        if extremes.is_some() != (count > 0) {
            return Err("histogram without values has a minimum, or one with values has none".into());
        }
        Ok(Self { counts, count, sum_ns: json.sum, extremes })
    }
}

impl JsonSchema for Histogram {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        HistogramJson::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        HistogramJson::json_schema(generator)
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

    #[test]
    fn json_and_back_is_the_same() {
        let histogram = histogram_of(&[0, 1, 31, 32, 5_000, 5_001, 1 << 41]);
        let text = serde_json::to_string(&histogram).unwrap();
        assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), histogram);
    }

    #[test]
    fn a_bucket_that_is_not_of_the_scheme_is_refused() {
        let mut value = serde_json::to_value(histogram_of(&[5_000])).unwrap();
        value["buckets"][0][1] = 9_999.into();
        assert!(serde_json::from_value::<Histogram>(value).is_err());
    }
}
