//! The report as one HTML file, for a browser, a mail or a ticket: it loads nothing, and carries the recording.
//!
//! What a page leaves out so that it stays small, it says: rows beyond the worst, charts beyond the busiest system calls,
//! a recording that is too long to carry.

mod answer;
mod base64;
mod charts;
mod comparison;
mod document;
mod download;
mod drawn;
mod facts;
mod listing;
mod markup;
mod measured;
mod page;
mod policy;
mod section;
mod status;
mod tables;
mod timeline;
mod verdict;

pub use comparison::comparison;

use crate::model::Recording;

/// The page of an exporter that measures what `selector` says.
#[must_use]
pub fn status_page(selector: &str, served: &super::Served<'_>) -> String {
    status::page(selector, served)
}

/// The page.
#[must_use]
pub fn html(recording: &Recording) -> String {
    page::page(&facts::Facts::of(recording))
}
