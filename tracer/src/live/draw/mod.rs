//! The screen, as a function of what was seen, of what the person looks at, and of the terminal's size.

mod heading;
mod heat_map;
mod help;
mod histogram;
mod keys;
mod list;
mod minute;
mod pen;
mod slow_calls;
mod thread;
mod threads;
mod totals;
mod verdict;

use ratatui::{Frame, buffer::Buffer, layout::Rect, text::Line};

use self::pen::Pen;
use super::{
    seen::Seen,
    view::{Chart, View},
};
use crate::render::color::Tint;

/// The smallest terminal on which something useful can be shown.
const LEAST: (u16, u16) = (40, 10);

/// From here on the chart stands beside the threads.
const WIDE: usize = 150;

/// More rows make a chart no clearer.
const MOST_CHART: usize = 24;

/// Draws it.
pub fn draw(seen: &Seen, view: &View, frame: &mut Frame<'_>) {
    let area = frame.area();
    let pen = Pen { color: view.color };
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let (columns, rows) = LEAST;
        let text = format!("too small: {columns} × {rows} at least");
        put(&[pen.line(Tint::Warning, &text, area.width.into())], area, frame.buffer_mut());
        return;
    }
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    let mut top = vec![heading::heading(seen, view, pen, columns)];
    top.extend(verdict::verdict(seen, pen, columns, rows_of_verdict(rows)));
    top.extend(totals::totals(seen, pen, columns, if rows < 30 { 2 } else { 4 }));
    let (above, rest) = split(area, top.len());
    let (middle, below) = split(rest, usize::from(rest.height).saturating_sub(1));
    put(&top, above, frame.buffer_mut());
    put(&[keys::keys(view, pen, columns)], below, frame.buffer_mut());
    if view.shows_help {
        put(&help::help(pen, columns), middle, frame.buffer_mut());
    } else if let Some(id) = view.opened {
        put(&thread::thread(seen, view, id, pen, columns, middle.height.into()), middle, frame.buffer_mut());
    } else {
        panels(seen, view, pen, middle, frame.buffer_mut());
    }
}

/// Lines that the verdict may take of a terminal of so many rows.
fn rows_of_verdict(rows: usize) -> usize {
    match rows {
        0..14 => 2,
        14..20 => 3,
        20..30 => 5,
        30..45 => 8,
        _ => 12,
    }
}

/// The threads, the last minute and the slow calls, in what room there is.
fn panels(seen: &Seen, view: &View, pen: Pen, area: Rect, buffer: &mut Buffer) {
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    // A title and headings stand above the threads, a line below them.
    let list_rows = (view.rows(seen).len() + 3).max(5);
    let threads = |columns, rows| threads::threads(seen, view, pen, columns, rows);
    let calls = |rows| slow_calls::slow_calls(seen, view, pen, columns, rows);
    if columns >= WIDE && rows >= 12 {
        let (upper, lower) = split(area, rows - rows / 3);
        let left = columns * 11 / 20;
        put(&threads(left - 1, upper.height.into()), Rect { width: left as u16 - 1, ..upper }, buffer);
        let right = Rect { x: upper.x + left as u16, width: upper.width - left as u16, ..upper };
        put(&chart(seen, view, pen, columns - left, upper.height.into()), right, buffer);
        put(&calls(lower.height.into()), lower, buffer);
    } else if rows >= 14 {
        let (upper, rest) = split(area, list_rows.min(rows * 2 / 5));
        let (chart_area, lower) = split(rest, (usize::from(rest.height) * 3 / 5).min(MOST_CHART));
        put(&threads(columns, upper.height.into()), upper, buffer);
        put(&chart(seen, view, pen, columns, chart_area.height.into()), chart_area, buffer);
        put(&calls(lower.height.into()), lower, buffer);
    } else if rows >= 9 {
        let (upper, lower) = split(area, list_rows.min(rows - rows / 2));
        put(&threads(columns, upper.height.into()), upper, buffer);
        put(&calls(lower.height.into()), lower, buffer);
    } else {
        put(&threads(columns, rows), area, buffer);
    }
}

fn chart(seen: &Seen, view: &View, pen: Pen, columns: usize, rows: usize) -> Vec<Line<'static>> {
    match view.chart {
        Chart::HeatMap => heat_map::heat_map(&seen.recording, pen, columns, rows),
        Chart::Histogram => {
            let minute = minute::total(&minute::columns(&seen.recording));
            histogram::histogram("latency, last minute", histogram::NOTE, &minute, pen, columns, rows)
        }
    }
}

/// The first `rows` of an area, and the others.
fn split(area: Rect, rows: usize) -> (Rect, Rect) {
    let rows = u16::try_from(rows).unwrap_or(u16::MAX).min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

/// Writes lines into an area; what does not fit is left out.
fn put(lines: &[Line<'static>], area: Rect, buffer: &mut Buffer) {
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        buffer.set_line(area.x, y, line, area.width);
    }
}
