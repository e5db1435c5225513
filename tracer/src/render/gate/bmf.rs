//! Bencher Metric Format.

use serde_json::{Map, Value, json};

use super::figures::{Name, Named, bounds, named};
use crate::{
    escape::escape,
    gate::judged::{Check, Figure, Judged},
    render::layout::fit,
};

/// Characters that Bencher takes for the name of a benchmark, less those that a number takes.
const BENCHMARK: usize = 1000;
/// Characters that Bencher takes for the name of a measure.
const MEASURE: usize = 64;

/// The figures by benchmark (the system call or family) and measure (`p99`), those of the checks that do not count too.
#[must_use]
pub fn bmf(judged: &Judged) -> String {
    let mut benchmarks = Map::new();
    for Named { name, figure, .. } in named(judged, by_measure) {
        let (low, high) = bounds(figure);
        let mut metric = Map::new();
        metric.insert("value".into(), json!(figure.value));
        metric.extend(low.map(|low| ("lower_value".into(), json!(low))));
        metric.extend(high.map(|high| ("upper_value".into(), json!(high))));
        let benchmark = benchmarks.entry(name.of).or_insert_with(|| json!({}));
        benchmark[name.measure] = Value::Object(metric);
    }
    format!("{:#}\n", Value::Object(benchmarks))
}

/// What a check is about, without the metric that ends its name, and the metric.
fn by_measure(check: &Check, figure: &Figure) -> Name {
    let of = check.name.strip_suffix(&figure.metric).map_or(check.name.as_str(), str::trim_end);
    let measure = if figure.metric.is_empty() { "value" } else { &figure.metric };
    Name { of: fit(&escape(of), BENCHMARK), measure: fit(&escape(measure), MEASURE) }
}
