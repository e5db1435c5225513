//! Latency over the last minute: a column for each second, a row for each range of latencies. The denser a cell, the more
//! calls; a diamond where some of them were disk-blocked.

use ratatui::text::{Line, Span};

use super::{
    minute::{self, Cell, Column},
    pen::Pen,
};
use crate::{
    model::Recording,
    render::{color::Tint, facts::knows_disk_waits},
    units::setting,
};

/// Room for the latency of a row.
const LABEL: usize = 9;

/// From few calls to many.
const SHADES: [char; 4] = ['·', '░', '▒', '▓'];

/// Some of the calls were disk-blocked.
const DISK: char = '◆';

/// The panel, of `rows` lines.
pub fn heat_map(recording: &Recording, pen: Pen, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let all = minute::columns(recording);
    let note = if knows_disk_waits(recording) { "·░▒▓ calls  ◆ disk-blocked" } else { "·░▒▓ calls" };
    let mut lines = vec![pen.title("latency, last minute", note, columns)];
    let powers = minute::total(&all);
    let (Some((&lowest, _)), Some((&highest, _))) = (powers.first_key_value(), powers.last_key_value()) else {
        lines.push(pen.line(Tint::Faint, minute::nothing(recording), columns));
        return lines;
    };
    // One line for the title, one for the time.
    let room = rows.saturating_sub(2).max(1);
    // So many powers of two in a row.
    let step = (highest - lowest + 1).div_ceil(u32::try_from(room).unwrap_or(u32::MAX)).max(1);
    let wide = (columns.saturating_sub(LABEL + 1) / minute::SECONDS).clamp(1, 3);
    let seconds = (columns.saturating_sub(LABEL + 1) / wide).min(minute::SECONDS);
    let shown = &all[all.len().saturating_sub(seconds)..];
    let most = shown.iter().map(|column| most(column, lowest, step)).max().unwrap_or(0);
    let threshold = minute::power(recording.threshold_ns);
    for row in (0..=(highest - lowest) / step).rev() {
        let low = lowest + row * step;
        let cells = shown.iter().map(|column| sum(column, low, step));
        let is_threshold = (low..low + step).contains(&threshold);
        let mark = if is_threshold { "▸" } else { " " };
        let label = format!("{:>fill$}{mark}", setting(rounded(1 << low.min(62))), fill = LABEL - 1);
        let before = " ".repeat((seconds - shown.len()) * wide);
        let mut spans = vec![pen.span(if is_threshold { Tint::Warning } else { Tint::Faint }, label), before.into()];
        spans.extend(cells.map(|cell| drawn(cell, most, wide, pen)));
        lines.push(Line::from(spans));
    }
    lines.push(axis(seconds, wide, pen));
    lines
}

/// The line below: how long ago, and that `▸` is the threshold.
fn axis(seconds: usize, wide: usize, pen: Pen) -> Line<'static> {
    let ago = format!("{seconds} s ago");
    let fill = (seconds * wide).saturating_sub(ago.len() + "now".len());
    pen.line(Tint::Faint, &format!("{:>LABEL$}{ago}{}now", "▸ slow ", " ".repeat(fill)), usize::MAX)
}

/// Powers of two as people say them: 1.024 µs is about 1 µs.
fn rounded(ns: u64) -> u64 {
    let mut unit = 1;
    while ns / unit >= 1000 && unit < 1_000_000_000 {
        unit *= 1000;
    }
    let whole = ns / unit * unit;
    if whole == 0 { ns } else { whole }
}

fn sum(column: &Column, low: u32, step: u32) -> Cell {
    column.range(low..low + step).fold(Cell::default(), |total, (_, cell)| Cell {
        calls: total.calls.saturating_add(cell.calls),
        disk_blocked: total.disk_blocked.saturating_add(cell.disk_blocked),
    })
}

/// The most calls of a cell.
fn most(column: &Column, lowest: u32, step: u32) -> u64 {
    let rows: std::collections::BTreeSet<_> = column.keys().map(|power| (power - lowest) / step).collect();
    rows.into_iter().map(|row| sum(column, lowest + row * step, step).calls).max().unwrap_or(0)
}

fn drawn(cell: Cell, most: u64, wide: usize, pen: Pen) -> Span<'static> {
    if cell.disk_blocked > 0 {
        return pen.span(Tint::Disk, DISK.to_string().repeat(wide));
    }
    if cell.calls == 0 {
        return " ".repeat(wide).into();
    }
    // By the logarithm: a single call is seen beside a million.
    let share = (cell.calls as f64).ln() / (most.max(2) as f64).ln();
    let shade = ((share * SHADES.len() as f64) as usize).min(SHADES.len() - 1);
    SHADES[shade].to_string().repeat(wide).into()
}
