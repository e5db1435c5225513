//! A list with a heading: columns aligned, one line per row, names cut to fit.

use comfy_table::{CellAlignment, Table, presets::NOTHING};

use super::{
    color::{Paint, Tint},
    layout::{LEAST_NAME, fit, fit_path, width},
};
use crate::units::duration;

const GAP: usize = 2;

/// A time in a column: a plain 0 where there was none, which is calmer to read than a 0 of some unit.
pub fn time(ns: u64) -> String {
    if ns == 0 { "0".into() } else { duration(ns) }
}

/// How a column is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Figures, right-aligned, never cut.
    Figure,
    /// Words, left-aligned, never cut.
    Word,
    /// A name, left-aligned, cut where the line would get too long.
    Name,
    /// A path, left-aligned, cut likewise, on the left. Names give way first.
    Path,
    /// A machine's name, left-aligned, cut last of all.
    Host,
}

/// Rows under a heading.
#[derive(Debug)]
pub struct Columns {
    kinds: Vec<Column>,
    rows: Vec<(Vec<String>, Option<Tint>)>,
}

impl Columns {
    /// An empty list with these headings.
    pub fn new(headings: &[(&str, Column)]) -> Self {
        Self {
            kinds: headings.iter().map(|&(_, kind)| kind).collect(),
            rows: vec![(headings.iter().map(|&(name, _)| name.into()).collect(), Some(Tint::Heading))],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl Into<Vec<String>>, tint: Option<Tint>) {
        self.rows.push((cells.into(), tint));
    }

    /// Columns that the rows need if no name is cut.
    pub fn width(&self) -> usize {
        self.widths().iter().sum::<usize>() + GAP * self.kinds.len().saturating_sub(1)
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |column: usize| self.rows.iter().map(|(cells, _)| width(&cells[column])).max().unwrap_or(0);
        (0..self.kinds.len()).map(widest).collect()
    }

    /// Cuts the column of this kind until the rows keep within `columns`.
    fn cut(&mut self, kind: Column, fit: fn(&str, usize) -> String, columns: usize) {
        let Some(column) = self.kinds.iter().position(|&other| other == kind) else { return };
        let surplus = self.width().saturating_sub(columns);
        let room = self.widths()[column].saturating_sub(surplus).max(LEAST_NAME);
        for (cells, _) in &mut self.rows {
            cells[column] = fit(&cells[column], room);
        }
    }

    /// The lines, indented, each ended.
    pub fn render(mut self, indent: usize, columns: usize, paint: Paint) -> String {
        let columns_left = columns.saturating_sub(indent);
        self.cut(Column::Name, fit, columns_left);
        self.cut(Column::Path, fit_path, columns_left);
        self.cut(Column::Host, fit, columns_left);

        let mut table = Table::new();
        table.load_style(NOTHING);
        table.add_rows(self.rows.iter().map(|(cells, _)| cells));
        for (column, kind) in table.column_iter_mut().zip(&self.kinds) {
            column.set_padding((0, GAP as u16));
            column.set_cell_alignment(match kind {
                Column::Figure => CellAlignment::Right,
                Column::Word | Column::Name | Column::Path | Column::Host => CellAlignment::Left,
            });
        }
        let indent = " ".repeat(indent);
        let lines = table.lines().zip(&self.rows).map(|(line, (_, tint))| {
            let line = format!("{indent}{}", line.trim_end());
            match tint {
                Some(tint) => paint.piece(*tint, &line) + "\n",
                None => line + "\n",
            }
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Columns {
        let mut list = Columns::new(&[("tid", Column::Figure), ("thread", Column::Name), ("calls", Column::Figure)]);
        list.row(["4181".into(), "a-thread-with-a-long-name-0".into(), "2,760".into()], Some(Tint::Disk));
        list.row(["7".into(), "读线程".into(), "1".into()], None);
        list
    }

    #[test]
    fn figures_are_aligned_to_the_right_and_wide_characters_count_double() {
        let expected = "   tid  thread                       calls\n  \
                          4181  a-thread-with-a-long-name-0  2,760\n     \
                             7  读线程                           1\n";
        assert_eq!(list().render(2, 100, Paint { color: false }), expected);
    }

    #[test]
    fn only_the_name_is_cut() {
        let lines = list().render(2, 30, Paint { color: false });
        assert!(lines.lines().all(|line| width(line) <= 30), "{lines}");
        assert!(lines.contains("a-threa…-name-0") && lines.contains("2,760"), "{lines}");
    }

    #[test]
    fn colour_changes_nothing_but_the_colour() {
        let colored = list().render(2, 30, Paint { color: true });
        let bare = colored.replace("\x1b[1m", "").replace("\x1b[1;31m", "").replace("\x1b[0m", "");
        assert_eq!(bare, list().render(2, 30, Paint { color: false }));
    }
}
