//! What a gate found, for programs that judge jobs: each renderer is a pure function of it.

mod github;

pub use github::without_commands;
