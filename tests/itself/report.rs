//! The table: a row for each comparison, and their spread.

use std::{collections::BTreeMap, ops::Range, thread};

use crate::comparison::{Comparison, Metric, RUNS, Weighed};

/// The metrics that decide, in the order of the columns.
const DECIDE: [&str; 3] = ["p99", "disk-blocked", "disk-wait"];

/// What came of all comparisons so far.
#[derive(Default)]
pub struct Report {
    outcomes: BTreeMap<String, u32>,
    /// Of each metric that decides: of each comparison.
    ratios: [Vec<f64>; DECIDE.len()],
    scatters: [Vec<f64>; DECIDE.len()],
    /// Windows, s.
    durations: Vec<f64>,
}

/// What all rows have in common.
pub fn heading(comparisons: u32, seed: u64) {
    println!("{comparisons} comparisons, {RUNS} runs a side, seed {seed}\n");
    println!("| | result | {} |", DECIDE.join(" | "));
    println!("|---|---|{}", "---|".repeat(DECIDE.len()));
}

impl Report {
    /// The row of a comparison.
    pub fn row(&mut self, number: u32, comparison: Comparison) {
        let runs = comparison.old.iter().chain(&comparison.new);
        self.durations.extend(runs.map(|run| run.duration_ns as f64 / 1e9));
        let cells = DECIDE.iter().enumerate().map(|(place, name)| {
            let metric = comparison.metrics.iter().find(|metric| metric.gates && metric.metric == *name);
            metric.map_or_else(|| "not compared".into(), |metric| self.cell(place, metric))
        });
        println!("| {number} | {} | {} |", comparison.outcome, cells.collect::<Vec<_>>().join(" | "));
        *self.outcomes.entry(comparison.outcome).or_default() += 1;
    }

    fn cell(&mut self, place: usize, metric: &Metric) -> String {
        let Some(Weighed { ratio: Some(ratio), ratio_interval }) = metric.weighed else { return "no ratio".into() };
        let scatter = scatter(metric);
        self.scatters[place].push(scatter);
        self.ratios[place].push(ratio);
        let end = |end: Option<f64>| end.map_or("?".into(), |end| format!("{end:.2}"));
        let (low, high) = ratio_interval.unwrap_or_default();
        format!("× {ratio:.2} ({} to {}), {:.1} %", end(low), end(high), scatter * 100.0)
    }

    /// The spread, the sum, and what the machine was like.
    pub fn end(&self, load_average: Range<f64>) {
        let spread = (0..DECIDE.len()).map(|place| {
            let (ratios, scatters) = (span(&self.ratios[place]), span(&self.scatters[place]));
            let (least, most) = (scatters.start * 100.0, scatters.end * 100.0);
            format!("× {:.2} to {:.2}, {least:.1} to {most:.1} %", ratios.start, ratios.end)
        });
        println!("| all | | {} |\n", spread.collect::<Vec<_>>().join(" | "));
        let count = |outcome: &str| self.outcomes.get(outcome).copied().unwrap_or(0);
        println!("Pass {}, inconclusive {}, fail {}.", count("pass"), count("inconclusive"), count("fail"));
        let (windows, cpus) = (span(&self.durations), thread::available_parallelism().map_or(0, usize::from));
        println!(
            "Windows of {:.1} to {:.1} s; load average before and after {:.1} and {:.1}, on {cpus} CPUs.",
            windows.start, windows.end, load_average.start, load_average.end
        );
    }
}

/// How runs scatter, both sides being the same: their standard deviation, as a share of their mean.
fn scatter(metric: &Metric) -> f64 {
    let figures = || metric.old.iter().chain(&metric.new).flatten();
    let runs = figures().count() as f64;
    let mean = figures().sum::<f64>() / runs;
    let variance = figures().map(|figure| (figure - mean).powi(2)).sum::<f64>() / (runs - 1.0);
    if mean > 0.0 { variance.sqrt() / mean } else { 0.0 }
}

/// From the least to the greatest.
fn span(figures: &[f64]) -> Range<f64> {
    figures.iter().fold(f64::INFINITY..0.0, |span, &figure| span.start.min(figure)..span.end.max(figure))
}
