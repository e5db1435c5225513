//! What a gate found, as every kind of job reads it: the commands fill it in, the formats print it.

use super::outcome::Outcome;

/// The answer of a gate with what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The command: `compare`, `check`.
    pub command: &'static str,
    /// The answer as one sentence.
    pub summary: String,
    /// The answer.
    pub outcome: Outcome,
    /// What was looked at, one by one.
    pub checks: Vec<Check>,
    /// What may make the answer mean less than it seems to, a sentence each.
    pub warnings: Vec<String>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What it is about: `sendfile p99`.
    pub name: String,
    /// What was found; `None` if it is shown but does not count.
    pub outcome: Option<Outcome>,
    /// What was found, as one sentence with its figures; why, where it is inconclusive.
    pub finding: String,
    /// The figure that it is about, as far as there is one; less is better.
    pub figure: Option<Figure>,
}

/// A figure of which less is better.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Its name without that of the system call or family: `p99`, `disk-blocked`.
    pub metric: String,
    /// `ns`, `fraction`, `ns/call`, `ns/s`.
    pub unit: &'static str,
    /// What it came to.
    pub value: f64,
    /// The least and the most that it may be, or that it was in several runs, where that is known.
    pub interval: Option<(f64, f64)>,
}
