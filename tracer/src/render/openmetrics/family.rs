//! Metrics of one name: what they mean, and a line for each set of labels.

use std::{
    collections::HashMap,
    fmt::{self, Write as _},
};

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

/// Which text the metrics are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The older text format of Prometheus (0.0.4), where a counter is declared by the name of its samples.
    Prometheus,
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A count, exact.
    Count(u64),
    /// Seconds, exact to the ns that they are given in.
    Ns(u64),
    /// A share; `NaN` is what the format has for one that is no number.
    Ratio(f64),
}

impl Number {
    /// A count, exact.
    pub const fn count(number: u64) -> Self {
        Self::Count(number)
    }

    /// 1 or 0.
    pub fn state(holds: bool) -> Self {
        Self::Count(holds.into())
    }

    /// Seconds, exact to the ns.
    pub const fn seconds(ns: u64) -> Self {
        Self::Ns(ns)
    }

    /// A share.
    pub const fn ratio(share: f64) -> Self {
        Self::Ratio(share)
    }

    /// The greater of two of a kind.
    fn at_least(self, other: Self) -> Self {
        match (self, other) {
            (Self::Count(one), Self::Count(other)) => Self::Count(one.max(other)),
            (Self::Ns(one), Self::Ns(other)) => Self::Ns(one.max(other)),
            (one, _) => one,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Count(number) => write!(f, "{number}"),
            Self::Ns(ns) => f.write_str(&seconds(ns)),
            Self::Ratio(share) if share.is_finite() => write!(f, "{share}"),
            Self::Ratio(_) => f.write_str("NaN"),
        }
    }
}

/// The highest edge of histograms that no value below it is longer than `ns`, or else the lowest there is: in ns, and as the label
/// `le` has it.
pub fn edge_below(ns: u64) -> (u64, String) {
    let powers = FIRST_EDGE..=LAST_EDGE;
    let edges = powers.map(|power| (1u64 << power) - 1);
    let edge = edges.take_while(|&edge| edge <= ns).last().unwrap_or((1 << FIRST_EDGE) - 1);
    (edge, seconds(edge))
}

/// What was told of each counter and bucket, so that none is ever told to be less.
#[derive(Clone, Debug, Default)]
pub struct Told(HashMap<String, Number>);

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
    samples: Vec<Sample>,
}

/// A line: what follows the name, labels included, and the value.
#[derive(Debug)]
struct Sample {
    suffix: String,
    value: Number,
}

impl Family {
    /// Without samples yet. `unit` is empty where there is none; otherwise the name ends in it.
    pub const fn new(name: &'static str, kind: Kind, unit: &'static str, help: &'static str) -> Self {
        Self { name, kind, unit, help, samples: Vec::new() }
    }

    /// What kind they are.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Adds a sample of a counter or a gauge.
    pub fn add(&mut self, labels: Labels, value: Number) {
        let suffix = if self.kind == Kind::Counter { "_total" } else { "" };
        self.sample(suffix, labels, value);
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
        self.sample("_count", labels, Number::count(histogram.count()));
        self.sample("_sum", labels, Number::seconds(histogram.sum_ns()));
    }

    fn bucket(&mut self, labels: Labels, edge: &str, count: u64) {
        let labels = [labels, &[("le", edge)]].concat();
        self.sample("_bucket", &labels, Number::count(count));
    }

    fn sample(&mut self, suffix: &str, labels: Labels, value: Number) {
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", label(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.samples.push(Sample { suffix: format!("{suffix}{labels}"), value });
    }

    /// Lets no value that only grows be less than what `told` holds of it, and keeps in `next` what it is now.
    pub fn keep_growing(&mut self, told: &Told, next: &mut Told) {
        if self.kind == Kind::Gauge {
            return;
        }
        for sample in &mut self.samples {
            let key = format!("{}{}", self.name, sample.suffix);
            if let Some(&before) = told.0.get(&key) {
                sample.value = sample.value.at_least(before);
            }
            next.0.insert(key, sample.value);
        }
    }

    /// The lines; none if nothing is known.
    pub fn text(&self, dialect: Dialect) -> String {
        let mut text = String::new();
        if self.samples.is_empty() {
            return text;
        }
        let Self { name, unit, help, samples, .. } = self;
        let kind = match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let declared = match (dialect, self.kind) {
            (Dialect::Prometheus, Kind::Counter) => format!("{name}_total"),
            _ => (*name).to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# TYPE {declared} {kind}");
        if dialect == Dialect::OpenMetrics && !unit.is_empty() {
            let _ = writeln!(text, "# UNIT {name} {unit}");
        }
        let _ = writeln!(text, "# HELP {declared} {help}");
        for Sample { suffix, value } in samples {
            let _ = writeln!(text, "{name}{suffix} {value}");
        }
        text
    }
}

/// The text of families, up to its end.
pub fn text(families: &[Family], dialect: Dialect) -> String {
    let mut text: String = families.iter().map(|family| family.text(dialect)).collect();
    if dialect == Dialect::OpenMetrics {
        text.push_str("# EOF\n");
    }
    text
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
        assert_eq!(
            family.text(Dialect::OpenMetrics),
            "# TYPE a gauge\n# HELP a b\na{name=\"x\\\"} 1\\\\n# EOF\\\\\"} 2\n"
        );
    }

    #[test]
    fn the_older_text_declares_a_counter_by_its_samples() {
        let mut family = Family::new("a_seconds", Kind::Counter, "seconds", "b");
        family.add(&[], Number::seconds(1_500_000_000));
        let text = "# TYPE a_seconds_total counter\n# HELP a_seconds_total b\na_seconds_total 1.5\n";
        assert_eq!(family.text(Dialect::Prometheus), text);
    }

    #[test]
    fn what_was_told_is_never_told_to_be_less() {
        let mut told = Told::default();
        let mut tell = |value| {
            let mut family = Family::new("a", Kind::Counter, "", "b");
            family.add(&[("x", "y")], Number::count(value));
            let mut next = Told::default();
            family.keep_growing(&told, &mut next);
            told = next;
            family.text(Dialect::Prometheus).lines().last().unwrap().to_owned()
        };
        assert_eq!([7, 5, 9].map(&mut tell), ["a_total{x=\"y\"} 7", "a_total{x=\"y\"} 7", "a_total{x=\"y\"} 9"]);
    }

    #[test]
    fn a_family_without_samples_has_no_lines() {
        assert_eq!(Family::new("a", Kind::Gauge, "", "b").text(Dialect::OpenMetrics), "");
    }

    #[test]
    fn buckets_are_cumulative_and_hold_their_edge() {
        let mut builder = HistogramBuilder::default();
        [1, 127, 128, 1_000_000_000_000].iter().for_each(|&ns| builder.record(ns));
        let mut family = Family::new("a_seconds", Kind::Histogram, "seconds", "b");
        family.add_histogram(&[], &builder.build());
        let text = family.text(Dialect::OpenMetrics);
        for line in ["{le=\"0.000000127\"} 2", "{le=\"0.000000255\"} 3", "{le=\"68.719476735\"} 3", "{le=\"+Inf\"} 4"] {
            assert!(text.contains(&format!("a_seconds_bucket{line}\n")), "{line}: {text}");
        }
        assert!(text.ends_with("a_seconds_count 4\na_seconds_sum 1000.000000256\n"), "{text}");
    }
}
