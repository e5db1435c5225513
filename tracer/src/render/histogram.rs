//! The latency chart: calls by power of two, disk-blocked ones set apart.

use tracer_common::histogram::TOP_BITS;

use super::{
    color::{Paint, Tint},
    layout::width,
};
use crate::{
    model::Histogram,
    units::{count, latency},
};

/// Columns of the longest bar.
const BAR_COLUMNS: std::ops::RangeInclusive<usize> = 10..=60;

/// Runs of empty rows up to this are drawn, so that a distance looks like one; longer ones become `…`.
const EMPTY_ROWS: u32 = 3;

/// One row of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Latencies in `[low, high)` ns.
    Calls {
        /// First latency.
        low_ns: u64,
        /// First latency of the next row.
        high_ns: u64,
        /// Calls that took so long.
        calls: u64,
        /// Those of them that were disk-blocked.
        disk: u64,
    },
    /// So many rows without a call, not drawn.
    Gap(u32),
}

/// The rows, shortest latency first.
pub fn rows(latency: &Histogram, disk: &Histogram) -> Vec<Row> {
    let disk_rows = disk.log2();
    let mut rows = Vec::new();
    let mut last = None;
    for (low_ns, high_ns, calls) in latency.log2() {
        let place = place_of(low_ns);
        let empty = last.map_or(0, |last| place - last - 1);
        if empty > EMPTY_ROWS {
            rows.push(Row::Gap(empty));
        } else {
            rows.extend((place - empty..place).map(|place| {
                let (low_ns, high_ns) = bounds_of_place(place);
                Row::Calls { low_ns, high_ns, calls: 0, disk: 0 }
            }));
        }
        let disk = disk_rows.iter().find(|row| row.0 == low_ns).map_or(0, |row| row.2);
        rows.push(Row::Calls { low_ns, high_ns, calls, disk });
        last = Some(place);
    }
    rows
}

/// Rows are numbered `[0, 1)`, `[1, 2)`, `[2, 4)`, …
fn place_of(low_ns: u64) -> u32 {
    low_ns.checked_ilog2().map_or(0, |log| log + 1)
}

fn bounds_of_place(place: u32) -> (u64, u64) {
    match place {
        0 => (0, 1),
        _ => (1 << (place - 1), 1 << place),
    }
}

/// The chart. `disk` is `None` where disk waits could not be observed.
pub fn chart(all: &Histogram, disk: Option<&Histogram>, columns: usize, paint: Paint) -> String {
    let rows = rows(all, disk.unwrap_or(&Histogram::default()));
    let lines: Vec<[String; 4]> = rows.iter().map(labels).collect();
    let widest = |column: usize| lines.iter().map(|line| width(&line[column])).max().unwrap_or(0);
    let (low, high) = (widest(0), widest(1));
    let (calls, blocked) = (widest(2).max("calls".len()), widest(3).max("disk".len()));
    let has_disk = disk.is_some_and(|disk| disk.count() > 0);
    let disk_column = if has_disk { blocked + 2 } else { 0 };
    let before_bar = "  ".len() + low + " .. ".len() + high + 2 + calls + disk_column + 2;
    let bar_columns = columns.saturating_sub(before_bar + "||".len()).clamp(*BAR_COLUMNS.start(), *BAR_COLUMNS.end());
    let most = rows.iter().map(|row| if let Row::Calls { calls, .. } = row { *calls } else { 0 }).max().unwrap_or(0);

    let mut heading = format!("  {:<fill$}  {:>calls$}", "latency", "calls", fill = low + 4 + high);
    if has_disk {
        heading.push_str(&format!("  {:>blocked$}", "disk"));
    }
    let legend = match disk {
        Some(_) => "* not disk   # disk",
        None => "* disk or not: unknown",
    };
    let mut out = paint.piece(Tint::Heading, &heading) + "   " + &paint.piece(Tint::Faint, legend) + "\n";
    for (row, [from, to, number, of_disk]) in rows.iter().zip(&lines) {
        let Row::Calls { calls: in_row, disk: blocked_in_row, .. } = *row else {
            out.push_str(&format!("  {from:>low$}\n"));
            continue;
        };
        let range =
            if to.is_empty() { format!("{from:>low$} or more") } else { format!("{from:>low$} .. {to:>high$}") };
        out.push_str(&format!("  {range:<fill$}  {number:>calls$}", fill = low + 4 + high));
        if has_disk {
            out.push_str("  ");
            out.push_str(&paint_if(paint, blocked_in_row > 0, &format!("{of_disk:>blocked$}")));
        }
        let (stars, hashes) = bar(in_row, blocked_in_row, most, bar_columns);
        let rest = " ".repeat(bar_columns - stars - hashes);
        let hashes = paint.piece(Tint::Disk, &"#".repeat(hashes));
        out.push_str(&format!("  |{}{hashes}{rest}|\n", "*".repeat(stars)));
    }
    out
}

fn paint_if(paint: Paint, is_disk: bool, text: &str) -> String {
    if is_disk { paint.piece(Tint::Disk, text) } else { text.into() }
}

/// Low end, high end (empty where there is none), calls and disk-blocked calls.
fn labels(row: &Row) -> [String; 4] {
    match *row {
        Row::Gap(_) => ["…".into(), String::new(), String::new(), String::new()],
        Row::Calls { low_ns, high_ns, calls, disk } => {
            // The last row takes all that is longer.
            let high = if high_ns == 1 << TOP_BITS { String::new() } else { latency(high_ns) };
            let disk = if disk > 0 { count(disk) } else { String::new() };
            [latency(low_ns), high, count(calls), disk]
        }
    }
}

/// Lengths of the two parts of a bar, not disk and disk. What is there is seen: a part with even one call
/// has a mark.
fn bar(calls: u64, disk: u64, most: u64, columns: usize) -> (usize, usize) {
    let other = calls.saturating_sub(disk);
    let least = usize::from(other > 0) + usize::from(disk > 0);
    let length = scale(calls, most, columns).clamp(least, columns.max(least));
    let hashes = match (disk, other) {
        (0, _) => 0,
        (_, 0) => length,
        _ => scale(disk, calls, length).clamp(1, length - 1),
    };
    (length - hashes, hashes)
}

/// `part / whole` of `columns`, rounded.
fn scale(part: u64, whole: u64, columns: usize) -> usize {
    if whole == 0 { 0 } else { (part as f64 / whole as f64 * columns as f64).round() as usize }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HistogramBuilder;

    fn histogram_of(values: &[u64]) -> Histogram {
        let mut builder = HistogramBuilder::default();
        values.iter().for_each(|&value| builder.record(value));
        builder.build()
    }

    fn chart_of(values: &[u64], disk: &[u64]) -> String {
        chart(&histogram_of(values), Some(&histogram_of(disk)), 60, Paint { color: false })
    }

    #[test]
    fn the_rows_add_up_to_the_calls_whatever_they_took() {
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        for round in 0..200 {
            let (mut all, mut blocked) = (HistogramBuilder::default(), HistogramBuilder::default());
            for _ in 0..round {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let value = (state >> 20) % (1 << (state >> 58));
                all.record(value);
                if value.is_multiple_of(5) {
                    blocked.record(value);
                }
            }
            let (all, blocked) = (all.build(), blocked.build());
            let (mut calls_in_rows, mut disk_in_rows, mut next) = (0, 0, None);
            for row in rows(&all, &blocked) {
                match row {
                    Row::Gap(empty) => {
                        assert!(empty > EMPTY_ROWS);
                        next = next.map(|high: u64| high << empty);
                    }
                    Row::Calls { low_ns, high_ns, calls, disk } => {
                        assert!(disk <= calls);
                        // From the first row on nothing is left out. [0, 1) is the one row that does not double.
                        assert!(next.is_none_or(|next| next == low_ns || low_ns == 0), "{next:?} then {low_ns}");
                        (calls_in_rows, disk_in_rows, next) =
                            (calls_in_rows + calls, disk_in_rows + disk, Some(high_ns));
                    }
                }
            }
            assert_eq!((calls_in_rows, disk_in_rows), (all.count(), blocked.count()));
        }
    }

    #[test]
    fn one_disk_blocked_call_among_a_million_is_seen() {
        let (stars, hashes) = bar(1_000_000, 1, 1_000_000, 40);
        assert_eq!((stars, hashes), (39, 1));
        assert_eq!(bar(2, 1, 1_000_000, 40), (1, 1));
        assert_eq!(bar(1, 0, u64::MAX, 40), (1, 0));
        assert_eq!(bar(0, 0, 1_000_000, 40), (0, 0));
        assert_eq!(bar(7, 7, 7, 40), (0, 40));
    }

    #[test]
    fn a_short_gap_is_drawn_and_a_long_one_left_out() {
        let text = chart_of(&[1_500, 1_600, 20_000, 9_000_000], &[9_000_000]);
        let expected = [
            "  latency           calls  disk   * not disk   # disk",
            "  1.0 µs .. 2.0 µs      2        |*************************|",
            "  2.0 µs .. 4.1 µs      0        |                         |",
            "  4.1 µs .. 8.2 µs      0        |                         |",
            "  8.2 µs ..  16 µs      0        |                         |",
            "   16 µs ..  33 µs      1        |*************            |",
            "       …",
            "  8.4 ms ..  17 ms      1     1  |#############            |",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_shortest_and_the_longest_latencies_have_rows_of_their_own() {
        let text = chart_of(&[0, 1, 1 << 41], &[]);
        for label in ["0 ns .. 1 ns", "1 ns .. 2 ns", "550 s or more"] {
            assert!(text.contains(label), "{label} is not in\n{text}");
        }
    }
}
