//! From a snapshot to a recording: sums, roles, the verdict. Pure: the same snapshot gives the same recording.

mod advice;
mod calls;
mod culprits;
mod errno;
mod event_loops;
mod in_flight;
pub mod merge;
mod page_cache;
mod recording;
mod roles;
pub mod so_far;
mod stacks;
mod turns;
mod verdict;
mod waits;

#[cfg(test)]
mod tests;

pub use self::{culprits::told_call, recording::recording, roles::stranger};
