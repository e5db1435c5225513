//! The recording as metrics: OpenMetrics 1.0, in base units, seconds and bytes.
//!
//! No StateSet and no Info, which older parsers refuse: states are gauges that are 0 or 1. What is not known is left
//! out, as the format asks for, and the text of HELP says so.

mod calls;
mod event_loops;
mod family;
mod page_cache;
mod served;
mod state;

use self::family::Dialect;
pub use self::family::edge_below;
pub use self::{
    family::Told,
    served::{Own, Served, Texts, served},
};
use crate::model::Recording;

/// The metrics of one recording, up to `# EOF`.
#[must_use]
pub fn openmetrics(recording: &Recording) -> String {
    let mut families = state::families(recording);
    families.extend(calls::families(recording));
    families.extend(page_cache::families(recording.page_cache.as_ref().map(|page_cache| &page_cache.total)));
    families.extend(event_loops::families(recording));
    family::text(&families, Dialect::OpenMetrics)
}
