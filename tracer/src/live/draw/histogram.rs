//! Latencies as bars, one for each range: the end of a bar is what was disk-blocked.

use ratatui::text::Line;

use super::{
    minute::{Cell, Column},
    pen::Pen,
};
use crate::{
    render::color::Tint,
    units::{count, latency},
};

/// Room for the range and the number before a bar.
const LABEL: usize = 28;

/// What the bars are made of, where it is known which calls were disk-blocked.
pub const NOTE: &str = "* calls  # disk-blocked";

/// The panel, of `rows` lines, of these calls.
pub fn histogram(
    title: &str,
    note: &str,
    column: &Column,
    pen: Pen,
    columns: usize,
    rows: usize,
) -> Vec<Line<'static>> {
    let mut lines = vec![pen.title(title, note, columns)];
    let (Some((&lowest, _)), Some((&highest, _))) = (column.first_key_value(), column.last_key_value()) else {
        lines.push(pen.line(Tint::Faint, " no call returned", columns));
        return lines;
    };
    let room = rows.saturating_sub(1).max(1);
    let step = (highest - lowest + 1).div_ceil(u32::try_from(room).unwrap_or(u32::MAX)).max(1);
    let cells: Vec<_> = (0..=(highest - lowest) / step)
        .map(|row| {
            let low = lowest + row * step;
            let cells = column.range(low..low + step);
            let cell = cells.fold(Cell::default(), |total, (_, cell)| Cell {
                calls: total.calls.saturating_add(cell.calls),
                disk_blocked: total.disk_blocked.saturating_add(cell.disk_blocked),
            });
            (low, cell)
        })
        .collect();
    let most = cells.iter().map(|(_, cell)| cell.calls).max().unwrap_or(0).max(1);
    let longest = columns.saturating_sub(LABEL);
    for (low, cell) in cells {
        let ends = [low, low + step].map(|power| latency(1u64 << power.min(63)));
        let label = format!("{:>7} .. {:>7} {:>9} ", ends[0], ends[1], count(cell.calls));
        // What is not zero is seen.
        let bar = |number: u64| match number {
            0 => 0,
            _ => (number as f64 / most as f64 * longest as f64).ceil() as usize,
        };
        let all = bar(cell.calls).min(longest);
        let disk = bar(cell.disk_blocked).min(all);
        lines.push(Line::from(vec![
            label.into(),
            "*".repeat(all - disk).into(),
            pen.span(Tint::Disk, "#".repeat(disk)),
        ]));
    }
    lines
}
