//! One line per interval and system call, while a measurement runs.

use super::{
    Style,
    color::{Paint, Tint},
    columns::time,
    facts::call_label,
    layout::width,
    percentile::of_buckets,
};
use crate::{
    model::{Interval, IntervalSyscall},
    units::{NO_VALUE, bytes, count, latency},
};

/// Intervals after which the heading is worth repeating.
pub const HEADER_EVERY: usize = 20;

/// Headings and widths. A figure that needs more pushes the rest of its line.
const COLUMNS: [(&str, usize); 8] = [
    ("from", 7),
    ("calls/s", 9),
    ("bytes/s", 8),
    ("p50", 6),
    ("p99", 6),
    ("slow", 5),
    ("disk-blocked", 12),
    ("waited", 7),
];

/// The heading of [`lines`], for intervals over the same system calls as this one.
#[must_use]
pub fn header(interval: &Interval, style: &Style) -> String {
    let line = line("", name_width(interval), &COLUMNS.map(|(heading, _)| heading.to_owned()));
    Paint { color: style.color }.lines(Tint::Heading, &line)
}

/// A line for each system call, of several for each that was called: from when, how much, how long, and what the disk had to do with it. `waited` is
/// the disk part.
#[must_use]
pub fn lines(interval: &Interval, style: &Style) -> String {
    let paint = Paint { color: style.color };
    let called = |syscall: &&IntervalSyscall| syscall.calls > 0 || interval.syscalls.len() == 1;
    let called: Vec<_> = interval.syscalls.iter().filter(called).collect();
    if called.is_empty() {
        let nothing: [String; COLUMNS.len()] =
            std::array::from_fn(|column| if column == 0 { time(interval.at_ns) } else { NO_VALUE.into() });
        return line(NO_CALLS, name_width(interval), &nothing);
    }
    let lines = called.into_iter().map(|syscall| {
        let line = line(
            &call_label(&syscall.name, syscall.direction.as_deref()),
            name_width(interval),
            &cells(interval, syscall),
        );
        if syscall.disk_blocked > 0 { paint.lines(Tint::Disk, &line) } else { line }
    });
    lines.collect()
}

/// What stands where none of several system calls was called.
const NO_CALLS: &str = "no calls";

fn name_width(interval: &Interval) -> usize {
    let labels = interval.syscalls.iter().map(|syscall| call_label(&syscall.name, syscall.direction.as_deref()));
    labels.map(|label| width(&label)).max().unwrap_or(0)
}

fn line(name: &str, name_columns: usize, cells: &[String; COLUMNS.len()]) -> String {
    let fill = " ".repeat(name_columns.saturating_sub(width(name)));
    let mut line = format!("{name}{fill}");
    for (cell, (_, columns)) in cells.iter().zip(COLUMNS) {
        line.push_str(&format!(" {cell:>columns$}"));
    }
    line + "\n"
}

fn cells(interval: &Interval, syscall: &IntervalSyscall) -> [String; COLUMNS.len()] {
    let per_second = |number: u64, show: fn(u64) -> String| {
        let per_second = u128::from(number) * 1_000_000_000;
        match per_second.checked_div(u128::from(interval.duration_ns)) {
            Some(rate) => show(u64::try_from(rate).unwrap_or(u64::MAX)),
            None => NO_VALUE.into(),
        }
    };
    let percentile =
        |per_mille| of_buckets(&syscall.latency.buckets, per_mille).map_or_else(|| NO_VALUE.into(), latency);
    [
        time(interval.at_ns),
        per_second(syscall.calls, count),
        per_second(syscall.bytes, bytes),
        percentile(500),
        percentile(990),
        count(syscall.slow),
        count(syscall.disk_blocked),
        time(syscall.disk_wait_ns),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SparseHistogram;

    fn interval(calls: u64, disk_blocked: u64, buckets: &[(u64, u64, u64)]) -> Interval {
        Interval {
            hostname: None,
            at_ns: 3_000_000_000,
            duration_ns: 500_000_000,
            syscalls: vec![IntervalSyscall {
                name: "sendfile".into(),
                direction: None,
                calls,
                bytes: calls * 100_000,
                slow: disk_blocked,
                disk_blocked,
                disk_wait_ns: disk_blocked * 16_200_000,
                latency: SparseHistogram { buckets: buckets.to_vec() },
                disk: SparseHistogram::default(),
            }],
            event_loops: Vec::new(),
        }
    }

    #[test]
    fn rates_are_per_second_and_percentiles_are_the_buckets() {
        let interval = interval(200, 2, &[(20_480, 21_504, 198), (16_252_928, 16_777_216, 2)]);
        let style = Style { width: 80, ..Style::default() };
        let text = header(&interval, &style) + &lines(&interval, &style);
        let expected = [
            "            from   calls/s  bytes/s    p50    p99  slow disk-blocked  waited\n",
            "sendfile  3.00 s       400    40 MB  22 µs  22 µs     2            2 32.4 ms\n",
        ];
        assert_eq!(text, expected.concat());
    }

    #[test]
    fn an_interval_without_calls_has_no_percentiles() {
        let text = lines(&interval(0, 0, &[]), &Style::default());
        assert_eq!(text.split_whitespace().filter(|&cell| cell == NO_VALUE).count(), 2, "{text}");
    }

    #[test]
    fn an_interval_of_no_length_has_no_rates() {
        let no_length = Interval { duration_ns: 0, ..interval(200, 0, &[(20_480, 21_504, 200)]) };
        assert_eq!(lines(&no_length, &Style::default()).matches(NO_VALUE).count(), 2);
    }

    #[test]
    fn a_line_fits_a_terminal_of_eighty_columns() {
        let busy = interval(500_000, 12_345, &[(999_424, 1_015_808, 500_000)]);
        assert!(lines(&busy, &Style::default()).lines().all(|line| width(line) <= 80));
    }
}
