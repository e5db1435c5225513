//! What people and programs read: each renderer is a pure function of a recording.
//!
//! A recording may come from a file, so every string in it is untrusted (see [`crate::escape`]) and every sum
//! saturates.

mod color;
mod columns;
mod demo;
mod folded;
mod histogram;
mod interval;
mod json;
mod layout;
mod percentile;
mod table;
mod worst;

pub use demo::demo_account;
pub use folded::folded;
pub use interval::{HEADER_EVERY as INTERVAL_HEADER_EVERY, header as interval_header, lines as interval_lines};
pub use json::{interval_line, json};
pub use table::table;

use crate::escape;

/// A system call as headings and rows show it: `splice file→pipe`.
fn call_label(name: &str, direction: Option<&str>) -> String {
    match direction {
        Some(direction) => escape::escape(&format!("{name} {}", direction.replace("_to_", "→"))),
        None => escape::escape(name),
    }
}

/// How a report for people is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// With ANSI colours. They repeat what the words say and never say more.
    pub color: bool,
    /// Columns to keep within. Names are cut to fit, figures never.
    pub width: usize,
    /// Rows per list; the rest is summed up in one more.
    pub top: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 100, top: 10 }
    }
}
