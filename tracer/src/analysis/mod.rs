//! From a snapshot to a recording: sums, roles, the verdict. Pure: the same snapshot gives the same recording.

mod calls;
mod culprits;
mod errno;
mod in_flight;
mod recording;
mod roles;
mod verdict;
mod waits;

#[cfg(test)]
mod tests;

pub use self::recording::recording;
