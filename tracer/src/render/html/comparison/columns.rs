//! The runs of a side laid over each other: the intervals that lie equally long after the openings of their windows are a column.

use crate::{
    model::{Interval, IntervalSyscall, Recording},
    render::html::timeline::{SLICES_MAX, Slice},
};

/// How wide columns are that hold the intervals of all these runs; `None` if there are no intervals.
pub fn width_ns<'a>(runs: impl Iterator<Item = &'a Recording> + Clone) -> Option<u64> {
    let intervals = || runs.clone().flat_map(|run| &run.intervals);
    // The last interval of a run may be short.
    let widest = intervals().map(|interval| interval.duration_ns).max()?.max(1);
    let end = intervals().map(middle).max()?;
    let pieces = end / widest + 1;
    Some(widest.saturating_mul(pieces.div_ceil(SLICES_MAX as u64)))
}

/// A side in columns of this width, of the calls that `is_of` picks; `None` where no run was measured.
pub fn columns(runs: &[&Recording], width_ns: u64, is_of: impl Fn(&IntervalSyscall) -> bool) -> Vec<Option<Slice>> {
    let mut columns: Vec<Vec<&Interval>> = Vec::new();
    for interval in runs.iter().flat_map(|run| &run.intervals) {
        let column = (middle(interval) / width_ns.max(1)) as usize;
        if column >= columns.len() {
            columns.resize_with(column + 1, Vec::new);
        }
        columns[column].push(interval);
    }
    let slice = |(column, intervals): (usize, Vec<&Interval>)| {
        let from = width_ns.saturating_mul(column as u64);
        let slice = || Slice::of(from, from.saturating_add(width_ns), intervals.iter().copied(), &is_of);
        (!intervals.is_empty()).then(slice)
    };
    columns.into_iter().enumerate().map(slice).collect()
}

fn middle(interval: &Interval) -> u64 {
    interval.at_ns.saturating_add(interval.duration_ns / 2)
}
