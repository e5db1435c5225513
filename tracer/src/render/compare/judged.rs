//! The comparison in the form that all gates share.

use super::words;
use crate::gate::{
    compare::comparison::{ComparedMetric, Comparison},
    judged::{Check, Figure, Judged},
};

/// The comparison in the form that all gates share: a check for each metric.
#[must_use]
pub fn judged(comparison: &Comparison) -> Judged {
    Judged {
        command: "compare",
        summary: words::summary(comparison),
        outcome: comparison.outcome,
        checks: comparison.metrics.iter().map(check).collect(),
        warnings: comparison.warnings.clone(),
    }
}

fn check(metric: &ComparedMetric) -> Check {
    Check {
        name: words::name(metric),
        outcome: metric.outcome,
        finding: words::finding(metric),
        figure: metric.weighed.as_ref().map(|findings| Figure {
            metric: metric.metric.name().to_owned(),
            unit: metric.unit.name(),
            value: findings.new_median,
            interval: spread(&metric.new),
        }),
    }
}

/// The least and the most of the new runs.
fn spread(figures: &[Option<f64>]) -> Option<(f64, f64)> {
    let known = || figures.iter().flatten().copied();
    known().min_by(f64::total_cmp).zip(known().max_by(f64::total_cmp))
}
