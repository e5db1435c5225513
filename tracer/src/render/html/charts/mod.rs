//! Charts: pure functions from figures to SVG. Colours come from the page's style sheet by class, so a chart follows the
//! reader's light or dark scheme.

pub mod bins;
pub mod distribution;
pub mod heat_map;
pub mod percentiles;
mod plane;
pub mod runs;
pub mod scale;
pub mod side_maps;
pub mod time;

use super::markup::{Element, el};

/// What a chart says to those who do not see it, and how its parts are told from other charts' on the page.
pub struct Caption<'a> {
    /// Unique on the page; letters, digits and dashes.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// What is to be seen in it.
    pub description: &'a str,
}

/// An image of this size with its title and its description.
fn svg(caption: &Caption, width: f64, height: f64) -> Element {
    let Caption { id, title, description } = caption;
    el("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .attr("role", "img")
        .attr("aria-labelledby", format!("{id}-title {id}-desc"))
        .attr("viewBox", format!("0 0 {} {}", number(width), number(height)))
        .child(el("title").attr("id", format!("{id}-title")).text(title))
        .child(el("desc").attr("id", format!("{id}-desc")).text(description))
}

/// A straight line.
fn line(class: &str, [x1, y1, x2, y2]: [f64; 4]) -> Element {
    let ends = [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)];
    ends.into_iter().fold(el("line").class(class), |line, (name, at)| line.attr(name, number(at)))
}

/// A rectangle.
fn rectangle(class: &str, [x, y, width, height]: [f64; 4]) -> Element {
    let sides = [("x", x), ("y", y), ("width", width), ("height", height)];
    sides.into_iter().fold(el("rect").class(class), |rectangle, (name, at)| rectangle.attr(name, number(at)))
}

/// Text, `anchor`ed at its `start`, `middle` or `end`.
fn label(class: &str, anchor: &str, x: f64, y: f64, text: &str) -> Element {
    el("text").class(class).attr("text-anchor", anchor).attr("x", number(x)).attr("y", number(y)).text(text)
}

/// A coordinate, to a tenth of a pixel.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// An entry of a legend: a mark of 14 by 14 and what it means.
fn entry(mark: Element, text: &str) -> Element {
    let swatch = el("svg").class("swatch").attr("viewBox", "0 0 14 14").attr("aria-hidden", "true").child(mark);
    el("span").child(swatch).text(text)
}

/// The same for a line of 30 by 14.
fn long_entry(mark: Element, text: &str) -> Element {
    let swatch = el("svg").class("swatch long").attr("viewBox", "0 0 30 14").attr("aria-hidden", "true").child(mark);
    el("span").child(swatch).text(text)
}
