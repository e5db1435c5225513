//! Rows under headings that keep within a width: names are cut first, then whole columns are left out.

use ratatui::{
    style::{Modifier, Style},
    text::{Line, Span},
};

use super::pen::Pen;
use crate::render::{
    color::Tint,
    layout::{fit, fit_path, width},
};

/// Between two columns.
const GAP: usize = 2;

/// A name is not cut below this.
const LEAST_NAME: usize = 10;

/// How a column is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To the right, never cut.
    Figure,
    /// To the left, never cut.
    Word,
    /// To the left, its middle is cut.
    Name,
    /// To the left, its beginning is cut; takes what is left of the line.
    Path,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Above it.
    pub heading: String,
    /// How it is laid out.
    pub kind: Kind,
    /// The columns with the least of these are left out first.
    pub weight: u8,
}

/// A row: its cells, whether it is the chosen one, and its tint.
#[derive(Clone, Debug)]
pub struct Row {
    /// One for each column.
    pub cells: Vec<String>,
    /// Whether it is the chosen one.
    pub is_chosen: bool,
    /// What it is about.
    pub tint: Option<Tint>,
}

/// The heading and the rows, as lines.
pub fn list(columns: &[Column], rows: &[Row], pen: Pen, room: usize) -> Vec<Line<'static>> {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let mut widths: Vec<_> = (0..columns.len()).map(|column| widest(columns, rows, column)).collect();
    // A sign stands before each row.
    let room = room.saturating_sub(1);
    while excess(&shown, &widths, room) > 0 {
        let longest = shown.iter().copied().filter(|&column| is_cut(columns[column].kind));
        let longest = longest.filter(|&column| widths[column] > LEAST_NAME).max_by_key(|&column| widths[column]);
        if let Some(column) = longest {
            let excess = excess(&shown, &widths, room);
            widths[column] = widths[column].saturating_sub(excess).max(LEAST_NAME);
        } else if shown.len() > 1 {
            let least = shown.iter().enumerate().min_by_key(|&(_, &column)| columns[column].weight);
            let place = least.map_or(0, |(place, _)| place);
            shown.remove(place);
            // What was cut may have room again.
            for &column in &shown {
                widths[column] = widest(columns, rows, column);
            }
        } else {
            break;
        }
    }
    let headings: Vec<_> = columns.iter().map(|column| column.heading.clone()).collect();
    let line = |cells: &[String]| {
        let cells = shown.iter().map(|&column| cell(&cells[column], columns[column].kind, widths[column]));
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP))
    };
    let heading = Line::from(pen.span(Tint::Heading, format!(" {}", fit(&line(&headings), room))));
    let rows = rows.iter().map(|row| {
        let style = row.tint.map_or_else(Style::new, |tint| pen.style(tint));
        let text = line(&row.cells);
        if row.is_chosen {
            let text = format!("▸{text}{}", " ".repeat(room.saturating_sub(width(&text))));
            Line::from(Span::styled(text, style.add_modifier(Modifier::REVERSED)))
        } else {
            Line::from(Span::styled(format!(" {text}"), style))
        }
    });
    std::iter::once(heading).chain(rows).collect()
}

fn is_cut(kind: Kind) -> bool {
    matches!(kind, Kind::Name | Kind::Path)
}

fn widest(columns: &[Column], rows: &[Row], column: usize) -> usize {
    let cells = rows.iter().map(|row| width(&row.cells[column]));
    cells.chain([width(&columns[column].heading)]).max().unwrap_or(0)
}

/// Columns of the terminal that are missing.
fn excess(shown: &[usize], widths: &[usize], room: usize) -> usize {
    let needed: usize = shown.iter().map(|&column| widths[column]).sum();
    (needed + GAP * shown.len().saturating_sub(1)).saturating_sub(room)
}

fn cell(text: &str, kind: Kind, columns: usize) -> String {
    let text = if kind == Kind::Path { fit_path(text, columns) } else { fit(text, columns) };
    let fill = " ".repeat(columns.saturating_sub(width(&text)));
    if kind == Kind::Figure { fill + &text } else { text + &fill }
}
