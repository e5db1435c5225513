//! The keys, at the bottom.

use ratatui::text::Line;

use super::pen::Pen;
use crate::{
    escape::escape,
    live::view::View,
    render::{
        color::Tint,
        layout::{fit, width},
    },
};

/// The last line: what the keys do now, or the filter.
pub fn keys(view: &View, pen: Pen, columns: usize) -> Line<'static> {
    if view.is_writing {
        let room = columns.saturating_sub(40).max(8);
        let written = format!("filter: {}_", fit(&escape(&view.filter), room));
        return line(&written, &[("Enter", "keep"), ("Esc", "all")], pen, columns);
    }
    let pause = ("p", if view.is_paused { "go on" } else { "pause" });
    let shown: &[_] = if view.shows_help {
        &[("Esc", "back"), ("q", "quit")]
    } else if view.opened.is_some() {
        &[("q", "quit"), ("Esc", "back"), ("↑↓", "next thread"), pause, ("?", "help")]
    } else {
        &[
            ("q", "quit"),
            pause,
            ("↑↓ Enter", "thread"),
            ("s", "sort"),
            ("/", "filter"),
            ("?", "help"),
            ("r", "reverse"),
            ("m", "map/bars"),
        ]
    };
    let filter =
        if view.filter.is_empty() { String::new() } else { format!("filter: {}", fit(&escape(&view.filter), 24)) };
    line(&filter, shown, pen, columns)
}

/// As many of the keys as there is room for.
fn line(before: &str, keys: &[(&str, &str)], pen: Pen, columns: usize) -> Line<'static> {
    let mut spans = vec![pen.span(Tint::Warning, fit(before, columns))];
    let mut used = width(before);
    for (key, what) in keys {
        let gap = if used == 0 { "" } else { "  " };
        let more = gap.len() + width(key) + 1 + width(what);
        if used + more > columns {
            break;
        }
        used += more;
        spans.extend([gap.to_owned().into(), pen.span(Tint::Heading, *key), format!(" {what}").into()]);
    }
    Line::from(spans)
}
