//! What a comparison of old and new runs says.

mod json;
mod judged;
mod markdown;
mod table;
mod words;

pub use json::json;
pub use judged::judged;
pub use markdown::markdown;
pub use table::table;
