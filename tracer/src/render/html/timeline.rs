//! The intervals of a window, put together until there are few enough to draw.

use crate::{
    model::{Interval, IntervalSyscall, SparseHistogram},
    render::percentile::summed,
};

/// Columns that a chart has room for.
pub const SLICES_MAX: usize = 120;

/// What one system call did in a piece of the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Its start, from the window's.
    pub at_ns: u64,
    /// Its end.
    pub end_ns: u64,
    /// Calls that returned in it.
    pub calls: u64,
    /// Bytes that they returned.
    pub bytes: u64,
    /// Slow ones.
    pub slow: u64,
    /// Disk-blocked ones.
    pub disk_blocked: u64,
    /// Their disk part.
    pub disk_wait_ns: u64,
    /// Buckets of all calls.
    pub latency: Vec<(u64, u64, u64)>,
    /// Buckets of the disk-blocked ones.
    pub disk: Vec<(u64, u64, u64)>,
}

impl Slice {
    /// What the rows that `is_of` picks did in these intervals, all together.
    pub fn of<'a>(
        at_ns: u64,
        end_ns: u64,
        intervals: impl Iterator<Item = &'a Interval>,
        is_of: impl Fn(&IntervalSyscall) -> bool,
    ) -> Self {
        let mut slice = Self { at_ns, end_ns, ..Self::default() };
        let rows: Vec<_> = intervals.flat_map(|interval| &interval.syscalls).filter(|row| is_of(row)).collect();
        for row in &rows {
            slice.calls = slice.calls.saturating_add(row.calls);
            slice.bytes = slice.bytes.saturating_add(row.bytes);
            slice.slow = slice.slow.saturating_add(row.slow);
            slice.disk_blocked = slice.disk_blocked.saturating_add(row.disk_blocked);
            slice.disk_wait_ns = slice.disk_wait_ns.saturating_add(row.disk_wait_ns);
        }
        let buckets = |of: fn(&IntervalSyscall) -> &SparseHistogram| {
            summed(rows.iter().flat_map(|row| of(row).buckets.iter().copied()))
        };
        slice.latency = buckets(|row| &row.latency);
        slice.disk = buckets(|row| &row.disk);
        slice
    }
}

/// At most [`SLICES_MAX`] slices, of the rows that `is_of` picks.
///
/// Intervals of several hosts that overlap by half are one slice, with the sum of their calls. A slice ends where the next
/// begins, unless nothing was measured between them for longer than half of it.
pub fn slices(intervals: &[Interval], is_of: impl Fn(&IntervalSyscall) -> bool) -> Vec<Slice> {
    let mut sorted: Vec<_> = intervals.iter().collect();
    sorted.sort_by_key(|interval| interval.at_ns);
    let mut pieces: Vec<Vec<&Interval>> = Vec::new();
    for interval in sorted {
        let middle = interval.at_ns.saturating_add(interval.duration_ns / 2);
        match pieces.last_mut() {
            Some(piece) if middle < end(piece[0]) => piece.push(interval),
            _ => pieces.push(vec![interval]),
        }
    }
    let together = pieces.len().div_ceil(SLICES_MAX).max(1);
    let groups: Vec<Vec<&Interval>> = pieces.chunks(together).map(<[_]>::concat).collect();
    let starts: Vec<_> = groups.iter().map(|group| group[0].at_ns).collect();
    let mut slices = Vec::with_capacity(groups.len());
    for (index, group) in groups.iter().enumerate() {
        let last = group.iter().map(|interval| end(interval)).max().unwrap_or(0);
        let at_ns = starts[index];
        let is_near = |&next: &u64| next.saturating_sub(last) <= last.saturating_sub(at_ns) / 2;
        let end_ns = starts.get(index + 1).copied().filter(is_near).unwrap_or(last);
        slices.push(Slice::of(at_ns, end_ns, group.iter().copied(), &is_of));
    }
    slices
}

fn end(interval: &Interval) -> u64 {
    interval.at_ns.saturating_add(interval.duration_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(at_ns: u64, duration_ns: u64, calls: u64) -> Interval {
        let latency = SparseHistogram { buckets: vec![(16, 17, calls)] };
        let row = IntervalSyscall {
            name: "sendfile".into(),
            direction: None,
            calls,
            bytes: 10 * calls,
            slow: 0,
            disk_blocked: 1,
            disk_wait_ns: 5,
            latency,
            disk: SparseHistogram { buckets: vec![(16, 17, 1)] },
        };
        Interval { hostname: None, at_ns, duration_ns, syscalls: vec![row], event_loops: Vec::new() }
    }

    #[test]
    fn an_hour_of_seconds_becomes_a_hundred_and_twenty_slices_that_miss_nothing() {
        let intervals: Vec<_> = (0..3_600).map(|second| interval(second * 1_000, 1_000, second)).collect();
        let slices = slices(&intervals, |_| true);
        assert_eq!(slices.len(), SLICES_MAX);
        assert_eq!(slices.iter().map(|slice| slice.calls).sum::<u64>(), 3_599 * 3_600 / 2);
        assert_eq!(slices.iter().map(|slice| slice.disk_blocked).sum::<u64>(), 3_600);
        assert_eq!((slices[1].at_ns, slices[1].end_ns), (30_000, 60_000));
        assert_eq!(slices[0].latency, [(16, 17, (0..30).sum())]);
    }

    #[test]
    fn seconds_of_two_hosts_are_drawn_over_each_other() {
        let intervals =
            [interval(0, 1_000, 1), interval(300, 1_000, 2), interval(1_000, 1_000, 4), interval(1_300, 900, 8)];
        let slices = slices(&intervals, |_| true);
        let shown: Vec<_> = slices.iter().map(|slice| (slice.at_ns, slice.end_ns, slice.calls)).collect();
        assert_eq!(shown, [(0, 1_000, 3), (1_000, 2_200, 12)]);
    }

    #[test]
    fn windows_that_lie_apart_leave_a_gap() {
        let slices = slices(&[interval(0, 1_000, 1), interval(1_010, 1_000, 2), interval(9_000, 1_000, 4)], |_| true);
        let shown: Vec<_> = slices.iter().map(|slice| (slice.at_ns, slice.end_ns, slice.calls)).collect();
        assert_eq!(shown, [(0, 1_010, 1), (1_010, 2_010, 2), (9_000, 10_000, 4)]);
    }

    #[test]
    fn a_short_last_interval_is_a_slice_of_its_own() {
        let slices = slices(&[interval(0, 1_000, 1), interval(1_000, 20, 2)], |_| true);
        assert_eq!(slices.iter().map(|slice| slice.end_ns).collect::<Vec<_>>(), [1_000, 1_020]);
        assert_eq!(super::slices(&[], |_| true), []);
    }
}
