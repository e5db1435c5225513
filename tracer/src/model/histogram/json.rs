//! The JSON form of a histogram, and what of it is refused: figures that are not those of its buckets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracer_common::histogram::{bounds_of, bucket_of};

use super::Histogram;

/// The JSON form.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Histogram")]
pub struct HistogramJson {
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
        let histogram = Self { counts, count, sum_ns: json.sum, extremes };
        if json.log2 != histogram.log2() {
            return Err("histogram whose rows by power of two are not those of its buckets".into());
        }
        for (name, stated, per_mille) in
            [("p50", json.p50, 500), ("p90", json.p90, 900), ("p99", json.p99, 990), ("p999", json.p999, 999)]
        {
            if stated != histogram.percentile(per_mille) {
                return Err(format!("histogram whose {name} is not that of its buckets"));
            }
        }
        Ok(histogram)
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
    use crate::model::HistogramBuilder;

    fn histogram_of(values: &[u64]) -> Histogram {
        let mut builder = HistogramBuilder::default();
        values.iter().for_each(|&value| builder.record(value));
        builder.build()
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

    #[test]
    fn figures_that_are_not_those_of_the_buckets_are_refused() {
        let value = serde_json::to_value(histogram_of(&[5_000, 70_000])).unwrap();
        assert!(serde_json::from_value::<Histogram>(value.clone()).is_ok());
        for (place, figure) in
            [("/p99", 5_000), ("/log2/0/2", 2), ("/count", 3), ("/buckets/0/2", 0), ("/buckets/1/2", u64::MAX)]
        {
            let mut changed = value.clone();
            *changed.pointer_mut(place).unwrap() = figure.into();
            assert!(serde_json::from_value::<Histogram>(changed).is_err(), "{place}");
        }
    }
}
