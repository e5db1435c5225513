//! What the keys do, and what the figures mean.

use ratatui::text::Line;

use super::pen::Pen;
use crate::render::{color::Tint, layout::fit};

const KEYS: [(&str, &str); 9] = [
    ("q, Ctrl-C", "close the window and print the report"),
    ("p, space", "hold the view, and let it go on; the measurement goes on all the time"),
    ("↑ ↓ j k", "choose a thread; PgUp, PgDn, Home and End too"),
    ("Enter →", "show that thread alone"),
    ("Esc ←", "back; without anything to go back from: no filter"),
    ("s, r", "sort the threads by the next column; the other way round"),
    ("/", "show what holds a text: names, ids and roles of threads, files and clients of slow calls"),
    ("m", "the last minute as a heat map, or as bars"),
    ("?, h", "this page, and back"),
];

const WORDS: [(&str, &str); 7] = [
    ("on disk", "time in disk waits, in any system call; ! marks one that goes on"),
    ("last 10 s", "the part of it that ended in the last ten seconds; of event loops alone"),
    ("blocked", "traced calls that waited for the disk"),
    ("behind", "connections that waited when its disk-blocked calls returned"),
    ("slow", "of at least the threshold (▸ in the heat map)"),
    ("role", "an event loop holds up all of its connections when it waits"),
    ("verdict", "of the whole window so far; new once a second"),
];

/// The panel.
pub fn help(pen: Pen, columns: usize) -> Vec<Line<'static>> {
    let mut lines = vec![pen.title("keys", "", columns)];
    let row = |(name, what): &(&str, &str)| {
        let room = columns.saturating_sub(13);
        Line::from(vec![pen.span(Tint::Heading, format!("  {name:<11}")), fit(what, room).into()])
    };
    lines.extend(KEYS.iter().map(row));
    lines.push(pen.title("words", "", columns));
    lines.extend(WORDS.iter().map(row));
    lines
}
