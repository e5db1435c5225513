//! The kernel's own records of what a thread did, each independent of tracing.

pub mod clock;
pub mod page_cache;
pub mod schedule;
pub mod stolen;
pub mod taskstats;
