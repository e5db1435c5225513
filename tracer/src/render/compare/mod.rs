//! What a comparison of old and new runs says.

mod judged;
mod markdown;
mod table;
pub(super) mod words;

pub use super::html::comparison as html;
pub use judged::judged;
pub use markdown::markdown;
pub use table::table;

use crate::{gate::compare::comparison::Comparison, render::json::document};

/// The comparison as JSON, with a newline at the end.
#[must_use]
pub fn json(comparison: &Comparison) -> String {
    document(comparison)
}
