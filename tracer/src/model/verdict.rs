//! The answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ThreadRef;

/// Whether an event loop was blocked on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// At least one was.
    Blocked,
    /// None was.
    Clear,
    /// It cannot be said, or not by this version.
    #[serde(other)]
    Inconclusive,
}

/// The answer, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Blocked, clear or inconclusive.
    pub status: Status,
    /// The event loops that were blocked on disk, worst first.
    pub threads: Vec<ThreadRef>,
    /// One sentence.
    pub summary: String,
    /// Why the status is what it is, a line each.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// What to try next, as far as the data supports it.
    #[serde(default)]
    pub advice: Vec<String>,
}
