//! Expressions of PromQL over the exporter's metrics (docs/metrics.md).

use tracer_common::syscall::Syscall;

use crate::{
    gate::{check::Of, slo::Good},
    options::Family,
    render::openmetrics::edge_below,
    units::setting,
};

/// Which series are of an objective's calls.
pub struct Selector(String);

impl Selector {
    /// Those of these calls, told by the exporters that Prometheus calls `job`.
    pub fn of(of: &Of, job: &str) -> Self {
        let mut labels = vec![format!("job={}", string(job))];
        match of {
            Of::EachFamily => {}
            Of::Syscall(name) => labels.push(format!("syscall={}", string(name))),
            Of::Family(family) => {
                let is_of_it = |syscall: &Syscall| Family::of(*syscall).name() == family;
                let mut names: Vec<_> =
                    Syscall::ALL.into_iter().filter(is_of_it).map(|call| call.info().name).collect();
                names.dedup();
                labels.push(format!("syscall=~{}", string(&names.join("|"))));
            }
        }
        Self(labels.join(","))
    }

    fn rate(&self, metric: &str, more: &str, window: &str) -> String {
        format!("sum by (job) (rate({metric}{{{}{more}}}[{window}]))", self.0)
    }
}

/// Which calls are bad, as the exporter counts them.
pub enum Bad {
    /// Those of a counter.
    Counted(&'static str),
    /// Those above an edge of the latency's histogram, ns.
    Above {
        /// The edge.
        edge_ns: u64,
        /// What was promised.
        promised_ns: u64,
    },
}

impl Bad {
    /// Those that are not `good`.
    pub fn of(good: Good) -> Self {
        match good {
            Good::NotDiskBlocked => Self::Counted("tracer_disk_blocked_calls_total"),
            Good::NotSlow => Self::Counted("tracer_slow_calls_total"),
            // In whole ns: what is faster than so many takes one less at most.
            Good::FasterThan(ns) => Self::above(ns.saturating_sub(1)),
            Good::AtMost(ns) => Self::above(ns),
        }
    }

    fn above(promised_ns: u64) -> Self {
        Self::Above { edge_ns: edge_below(promised_ns).0, promised_ns }
    }

    /// What is not as it was promised, for whoever reads the rules.
    pub fn note(&self) -> Option<String> {
        match *self {
            Self::Above { edge_ns, promised_ns } if edge_ns != promised_ns => Some(format!(
                "Of latencies Prometheus knows how many are below powers of two: calls of more than {} count as bad here, not only those of more than {}.",
                setting(edge_ns),
                setting(promised_ns)
            )),
            _ => None,
        }
    }

    /// The share of bad calls over a window. Without calls there is none.
    pub fn share(&self, selector: &Selector, window: &str) -> String {
        let all = selector.rate("tracer_calls_total", "", window);
        match *self {
            Self::Counted(metric) => format!("{} / {all}", selector.rate(metric, "", window)),
            Self::Above { edge_ns, .. } => {
                let edge = format!(",le={}", string(&edge_below(edge_ns).1));
                let good = selector.rate("tracer_call_latency_seconds_bucket", &edge, window);
                format!("1 - {good} / {}", selector.rate("tracer_call_latency_seconds_count", "", window))
            }
        }
    }
}

/// A string of PromQL, whose escapes are those of Go.
pub fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

/// A number, with no more digits than it takes to tell what was written from its neighbours.
pub fn number(value: f64) -> String {
    // What is left over from subtracting a share from 1 is beyond these.
    let text = format!("{value:.12}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_all_of_its_calls() {
        let selector = Selector::of(&Of::Family("splice".into()), "tracer");
        assert_eq!(selector.0, "job=\"tracer\",syscall=~\"splice|tee|vmsplice|copy_file_range\"");
    }

    #[test]
    fn a_limit_between_two_edges_is_told_to_be_the_lower_one() {
        let bad = Bad::of(Good::AtMost(5_000_000));
        let share = bad.share(&Selector("a=\"b\"".into()), "5m");
        assert_eq!(
            share,
            "1 - sum by (job) (rate(tracer_call_latency_seconds_bucket{a=\"b\",le=\"0.004194303\"}[5m])) / \
             sum by (job) (rate(tracer_call_latency_seconds_count{a=\"b\"}[5m]))"
        );
        assert!(bad.note().is_some());
        assert!(Bad::of(Good::FasterThan(1 << 22)).note().is_none());
    }

    #[test]
    fn numbers_have_the_digits_that_were_written() {
        assert_eq!(number(1.0 - 0.999), "0.001");
        assert_eq!(number(1.0 - 0.9999), "0.0001");
        assert_eq!(number(99.0), "99");
    }

    #[test]
    fn what_a_string_holds_does_not_end_it() {
        assert_eq!(string("a\"b\\c\nd"), "\"a\\\"b\\\\c\\nd\"");
    }
}
