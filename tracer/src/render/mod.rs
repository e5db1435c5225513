//! What people and programs read: each renderer is a pure function of a recording.
//!
//! A recording may come from a file, so every string in it is untrusted (see [`crate::escape`]) and every sum
//! saturates.

mod bpftrace;
pub(crate) mod calls;
pub mod check;
pub(crate) mod color;
pub(crate) mod columns;
pub mod compare;
mod demo;
pub mod doctor;
pub(crate) mod facts;
pub(crate) mod findings;
mod folded;
pub mod gate;
mod histogram;
mod hlog;
mod hosts;
mod html;
mod interval;
mod json;
pub(crate) mod layout;
pub(crate) mod loops;
mod markdown;
pub(crate) mod observation;
mod openmetrics;
mod outcome;
pub(crate) mod percentile;
pub mod rules;
mod table;
mod worst;

pub use bpftrace::bpftrace;
pub use demo::demo_account;
pub use facts::target_name;
pub use folded::folded;
pub use hlog::hlog;
pub use html::{html, status_page};
pub use interval::{HEADER_EVERY as INTERVAL_HEADER_EVERY, header as interval_header, lines as interval_lines};
pub use json::{interval_line, json};
pub use markdown::markdown;
pub use openmetrics::{Own, Served, Texts, Told, openmetrics, served};
pub use table::table;

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
