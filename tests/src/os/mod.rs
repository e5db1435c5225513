//! The kernel's own records of what a thread did, and of what it allows, each independent of tracing.

pub mod clock;
pub mod page_cache;
pub mod rungs;
pub mod schedule;
pub mod stolen;
pub mod taskstats;
pub mod usage;
