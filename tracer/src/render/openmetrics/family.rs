//! Metrics of one name: what they mean, and a line for each set of labels.

use std::fmt::Write as _;

use crate::{escape::escape, model::Histogram};

/// The lowest edge of a histogram, as a power of two: no system call takes less than 128 ns.
const FIRST_EDGE: u32 = 7;

/// The highest: 69 s.
const LAST_EDGE: u32 = 36;

/// What kind of metric a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, in the window from 0.
    Counter,
    /// A state.
    Gauge,
    /// Values in cumulative buckets.
    Histogram,
}

/// A value, as the text shows it.
#[derive(Clone, Debug)]
pub struct Number(String);

impl Number {
    /// A count, exact.
    pub fn count(number: u64) -> Self {
        Self(number.to_string())
    }

    /// 1 or 0.
    pub fn state(holds: bool) -> Self {
        Self::count(holds.into())
    }

    /// Seconds, exact to the ns.
    pub fn seconds(ns: u64) -> Self {
        Self(seconds(ns))
    }

    /// A share; `NaN` is what the format has for one that is no number.
    pub fn ratio(share: f64) -> Self {
        Self(if share.is_finite() { share.to_string() } else { "NaN".into() })
    }
}

fn seconds(ns: u64) -> String {
    let (whole, rest) = (ns / 1_000_000_000, ns % 1_000_000_000);
    format!("{whole}.{}", format!("{rest:09}").trim_end_matches('0')).trim_end_matches('.').to_owned()
}

/// Labels in their order, by name.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

/// Metrics of one name.
#[derive(Debug)]
pub struct Family {
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    help: &'static str,
    samples: String,
}

impl Family {
    /// Without samples yet. `unit` is empty where there is none; otherwise the name ends in it.
    pub fn new(name: &'static str, kind: Kind, unit: &'static str, help: &'static str) -> Self {
        Self { name, kind, unit, help, samples: String::new() }
    }

    /// Adds a sample of a counter or a gauge.
    pub fn add(&mut self, labels: Labels, value: Number) {
        let suffix = if self.kind == Kind::Counter { "_total" } else { "" };
        self.sample(suffix, labels, &value.0);
    }

    /// Adds a sample if its value is known.
    pub fn add_known(&mut self, labels: Labels, value: Option<Number>) {
        if let Some(value) = value {
            self.add(labels, value);
        }
    }

    /// Adds a histogram: the edges are the same in all of them, so they can be summed.
    pub fn add_histogram(&mut self, labels: Labels, histogram: &Histogram) {
        let rows = histogram.log2();
        for power in FIRST_EDGE..=LAST_EDGE {
            let edge_ns = 1u64 << power;
            let below = rows.iter().filter(|&&(_, high, _)| high <= edge_ns);
            let count = below.fold(0u64, |sum, &(.., count)| sum.saturating_add(count));
            // An edge belongs to its bucket here; in whole ns that is the last before the power of two.
            let edge = seconds(edge_ns - 1);
            self.bucket(labels, &edge, count);
        }
        self.bucket(labels, "+Inf", histogram.count());
        self.sample("_count", labels, &histogram.count().to_string());
        self.sample("_sum", labels, &seconds(histogram.sum_ns()));
    }

    fn bucket(&mut self, labels: Labels, edge: &str, count: u64) {
        let labels = [labels, &[("le", edge)]].concat();
        self.sample("_bucket", &labels, &count.to_string());
    }

    fn sample(&mut self, suffix: &str, labels: Labels, value: &str) {
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", label(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        // Writing to a string cannot fail.
        let _ = writeln!(self.samples, "{}{suffix}{labels} {value}", self.name);
    }

    /// The lines; none if nothing is known.
    pub fn text(&self) -> String {
        if self.samples.is_empty() {
            return String::new();
        }
        let Self { name, unit, help, samples, .. } = self;
        let kind = match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let unit = if unit.is_empty() { String::new() } else { format!("# UNIT {name} {unit}\n") };
        format!("# TYPE {name} {kind}\n{unit}# HELP {name} {help}\n{samples}")
    }
}

/// A value that somebody else chose, as a label: visible characters, and what the format would read escaped.
fn label(text: &str) -> String {
    escape(text).replace('\\', r"\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HistogramBuilder;

    #[test]
    fn seconds_are_exact() {
        let shown = [0, 1, 127, 1_500_000_000, 10_000_000_000, u64::MAX].map(seconds);
        assert_eq!(shown, ["0", "0.000000001", "0.000000127", "1.5", "10", "18446744073.709551615"]);
    }

    #[test]
    fn a_label_cannot_end_early() {
        let mut family = Family::new("a", Kind::Gauge, "", "b");
        family.add(&[("name", "x\"} 1\n# EOF\\")], Number::count(2));
        assert_eq!(family.text(), "# TYPE a gauge\n# HELP a b\na{name=\"x\\\"} 1\\\\n# EOF\\\\\"} 2\n");
    }

    #[test]
    fn a_family_without_samples_has_no_lines() {
        assert_eq!(Family::new("a", Kind::Gauge, "", "b").text(), "");
    }

    #[test]
    fn buckets_are_cumulative_and_hold_their_edge() {
        let mut builder = HistogramBuilder::default();
        [1, 127, 128, 1_000_000_000_000].iter().for_each(|&ns| builder.record(ns));
        let mut family = Family::new("a_seconds", Kind::Histogram, "seconds", "b");
        family.add_histogram(&[], &builder.build());
        let text = family.text();
        for line in ["{le=\"0.000000127\"} 2", "{le=\"0.000000255\"} 3", "{le=\"68.719476735\"} 3", "{le=\"+Inf\"} 4"] {
            assert!(text.contains(&format!("a_seconds_bucket{line}\n")), "{line}: {text}");
        }
        assert!(text.ends_with("a_seconds_count 4\na_seconds_sum 1000.000000256\n"), "{text}");
    }
}
