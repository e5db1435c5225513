//! What other gates would say of the same runs.

use tracer::{
    gate::compare::hodges_lehmann::median,
    model::{Histogram, Recording},
};

/// Whether each of them calls the new side worse: in the order of [`NAMES`].
pub type Verdicts = [bool; 3];

/// How they are called in the tables.
pub const NAMES: [&str; 3] = ["Mann–Whitney (benchstat)", "pooled Kolmogorov–Smirnov", "10 % off"];

/// What they say.
pub fn verdicts(old: &[Recording], new: &[Recording]) -> Verdicts {
    let p99 = |side: &[Recording]| -> Vec<f64> {
        side.iter().filter_map(|run| run.syscalls[0].latency.percentile(990)).map(|ns| ns as f64).collect()
    };
    let (old_p99, new_p99) = (p99(old), p99(new));
    [
        mann_whitney(&old_p99, &new_p99) && median(&new_p99) > median(&old_p99),
        kolmogorov_smirnov(&pooled(old), &pooled(new)),
        median(&new_p99) > 1.1 * median(&old_p99),
    ]
}

/// benchstat's: two-sided, 5 %, of p99 of the runs; normal with a correction for ties, which is near enough for a table.
fn mann_whitney(old: &[f64], new: &[f64]) -> bool {
    let above: f64 = old
        .iter()
        .flat_map(|old| {
            new.iter().map(move |new| {
                if new > old {
                    1.0
                } else if new == old {
                    0.5
                } else {
                    0.0
                }
            })
        })
        .sum();
    let (olds, news) = (old.len() as f64, new.len() as f64);
    let all = olds + news;
    let mut sorted = [old, new].concat();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 =
        sorted.chunk_by(|one, other| one == other).map(|tied| (tied.len() as f64).powi(3) - tied.len() as f64).sum();
    let deviation = (olds * news / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)))).sqrt();
    ((above - olds * news / 2.0).abs() - 0.5) / deviation > 1.959_964
}

fn pooled(side: &[Recording]) -> Histogram {
    let histograms = side.iter().map(|run| &run.syscalls[0].latency);
    histograms.fold(Histogram::default(), |sum, one| sum.plus(one).expect("so few calls can be added"))
}

/// Of all calls as if they were independent, one-sided, 5 %.
fn kolmogorov_smirnov(old: &Histogram, new: &Histogram) -> bool {
    let share_below = |histogram: &Histogram, bound: u64| {
        let below: u64 = histogram.buckets().take_while(|&(_, high, _)| high <= bound).map(|(_, _, count)| count).sum();
        below as f64 / histogram.count() as f64
    };
    let bounds = old.buckets().chain(new.buckets()).map(|(_, high, _)| high);
    let apart = bounds.map(|bound| share_below(old, bound) - share_below(new, bound)).fold(0.0, f64::max);
    let (olds, news) = (old.count() as f64, new.count() as f64);
    // The limit of its distribution: exp(-2 d² n m / (n + m)).
    (-2.0 * apart * apart * olds * news / (olds + news)).exp() <= 0.05
}
