//! Tables that sort and filter. A column stands only where some row has something to say in it, so rows may gain members
//! (a host, a label) without a change here.

use std::{borrow::Cow, fmt::Display};

use super::markup::{Element, el};
use crate::units::{NO_VALUE, count, counted};

/// A table of so few rows is seen at a glance: it needs no filter.
const GLANCE: usize = 4;

/// Columns that stand out in the row of somebody whom the disk blocked.
const ON_DISK: [&str; 4] = ["disk_blocked", "disk_wait_ns", "disk_waits", "disk_ns"];

/// A name of more characters wraps, in a column that is wide enough for it to be read.
const LONG_NAME: usize = 28;

/// Rows that a table keeps; of the rest it says how many they are.
pub const ROWS_MAX: usize = 250;

/// What stands in a cell.
pub enum Cell {
    /// Nothing: the member does not apply to this row.
    Absent,
    /// It applies, and is not known.
    Unknown,
    /// Words.
    Text(String),
    /// A name of something in the system, which may be long: a path, a thread, an address.
    Name(String),
    /// A figure, by which rows are sorted, and how people read it.
    Figure(u64, String),
    /// The same for a figure that is no integer.
    Real(f64, String),
}

impl Cell {
    /// A count.
    pub fn count(number: u64) -> Self {
        Self::Figure(number, count(number))
    }

    /// A figure that may not be known.
    pub fn known(figure: Option<u64>, shown: fn(u64) -> String) -> Self {
        figure.map_or(Self::Unknown, |figure| Self::Figure(figure, shown(figure)))
    }

    /// A figure that may not apply.
    pub fn some(figure: Option<u64>, shown: fn(u64) -> String) -> Self {
        figure.map_or(Self::Absent, |figure| Self::Figure(figure, shown(figure)))
    }
}

/// A column: the recording's word for it, its heading, and what a row says in it.
pub struct Column<'a, R> {
    key: Cow<'a, str>,
    heading: Cow<'a, str>,
    cell: Box<dyn Fn(&R) -> Cell + 'a>,
}

/// A column.
pub fn column<'a, R>(
    key: impl Into<Cow<'a, str>>,
    heading: impl Into<Cow<'a, str>>,
    cell: impl Fn(&R) -> Cell + 'a,
) -> Column<'a, R> {
    Column { key: key.into(), heading: heading.into(), cell: Box::new(cell) }
}

/// A table under construction.
pub struct Listing<'a> {
    /// Its id on the page.
    pub id: &'a str,
    /// What the table is of; those who do not see it hear this.
    pub caption: &'a str,
    /// What a row is called, and many of them.
    pub row: (&'static str, &'static str),
    /// The column that the rows are in the order of, highest first; empty if none.
    pub sorted_by: &'static str,
}

impl Listing<'_> {
    /// The table with its filter.
    ///
    /// A row that `is_hot` stands out: the disk blocked it.
    pub fn render<R>(&self, columns: &[Column<R>], rows: &[R], is_hot: impl Fn(&R) -> bool) -> Element {
        let cells: Vec<Vec<Cell>> =
            rows.iter().map(|row| columns.iter().map(|column| (column.cell)(row)).collect()).collect();
        let is_shown = |index: usize| cells.iter().any(|row| !matches!(row[index], Cell::Absent));
        let shown: Vec<_> = (0..columns.len()).filter(|&index| is_shown(index)).collect();
        let is_figure = |index: usize| {
            cells.iter().any(|row| matches!(row[index], Cell::Figure(..) | Cell::Real(..) | Cell::Unknown))
        };

        let headings = shown.iter().map(|&index| {
            let Column { key, heading, .. } = &columns[index];
            let th = el("th").attr("scope", "col").attr("data-key", key);
            let th = if is_figure(index) { th.class("figure") } else { th };
            let th = if key == self.sorted_by { th.attr("aria-sort", "descending") } else { th };
            th.child(el("button").attr("type", "button").text(heading))
        });
        let body = cells.iter().zip(rows).map(|(cells, row)| {
            let is_hot = is_hot(row);
            let tr = if is_hot { el("tr").class("hot") } else { el("tr") };
            tr.children(
                shown.iter().map(|&index| cell(&cells[index], is_hot && ON_DISK.contains(&&*columns[index].key))),
            )
        });
        let table = el("table")
            .attr("id", self.id)
            .child(el("caption").text(self.caption))
            .child(el("thead").child(el("tr").children(headings)))
            .child(el("tbody").children(body));
        // A scrolling part must be reached by keys.
        let scroller = el("div")
            .class("scroll")
            .attr("role", "region")
            .attr("aria-label", format!("{}, scrolls", self.caption))
            .attr("tabindex", "0")
            .child(table);
        el("div").class("listing").child(self.controls(rows.len())).child(scroller)
    }

    /// The filter and the number of rows, which is spoken when it changes.
    fn controls(&self, rows: usize) -> Element {
        let filter = format!("{}-filter", self.id);
        let (one, many) = self.row;
        let label = el("label").attr("for", &filter).text(format!("Filter {many}"));
        let input = el("input")
            .attr("type", "search")
            .attr("id", &filter)
            .attr("data-table", self.id)
            .attr("autocomplete", "off")
            .attr("spellcheck", "false");
        let status = el("span")
            .class("rows")
            .attr("role", "status")
            .attr("data-one", one)
            .attr("data-many", many)
            .text(counted(rows as u64, one, many));
        if rows > GLANCE {
            el("div").class("controls").flag("hidden").child(label).child(input).child(status)
        } else {
            el("div").class("controls unseen").child(status)
        }
    }
}

/// A cell; `stands_out` if the disk is to blame for its figure.
fn cell(cell: &Cell, stands_out: bool) -> Element {
    match cell {
        Cell::Absent => el("td"),
        Cell::Unknown => el("td").class("figure unknown").attr("title", "not known").text(NO_VALUE),
        Cell::Text(text) => el("td").text(text),
        Cell::Name(name) => {
            el("td").class(if name.chars().count() > LONG_NAME { "name long" } else { "name" }).text(name)
        }
        Cell::Figure(figure, shown) => figure_cell(figure, shown, stands_out),
        Cell::Real(figure, shown) => figure_cell(figure, shown, stands_out),
    }
}

fn figure_cell(figure: impl Display, shown: &str, stands_out: bool) -> Element {
    let class = if stands_out { "figure on-disk" } else { "figure" };
    el("td").class(class).attr("data-v", figure).text(shown)
}

/// The worst rows in order, and the others.
pub struct Worst<R> {
    /// At most as many as asked for.
    pub shown: Vec<R>,
    /// The rest.
    pub hidden: Vec<R>,
}

/// The `most` rows that are worst; `is_kept` ones (sums of what has no row of its own) are always among them.
pub fn worst<R, K: Ord>(
    rows: Vec<R>,
    most: usize,
    badness: impl Fn(&R) -> K,
    is_kept: impl Fn(&R) -> bool,
) -> Worst<R> {
    let (kept, mut shown): (Vec<R>, Vec<R>) = rows.into_iter().partition(is_kept);
    shown.sort_by_key(|row| std::cmp::Reverse(badness(row)));
    let hidden = shown.split_off(shown.len().min(most));
    shown.extend(kept);
    Worst { shown, hidden }
}

/// The sum of a figure.
pub fn sum<R>(rows: &[R], of: impl Fn(&R) -> u64) -> u64 {
    rows.iter().map(of).fold(0, u64::saturating_add)
}
