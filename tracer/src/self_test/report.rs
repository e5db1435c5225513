//! What known work and tracer's account of it come to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{gate::outcome::Outcome, model::Mechanism};

/// Known work, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SelfTest {
    /// `pass`: every figure agrees; `fail`: one differs; `inconclusive`: none differs, and something could not be tested.
    pub outcome: Outcome,
    /// Where the files were.
    pub directory: String,
    /// The figures, one by one.
    pub checks: Vec<Check>,
    /// What the probes cost.
    pub cost: Cost,
}

/// A figure that is known, and what tracer found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What it is about: `counts`, `causes`, `cold pages`, `files`, `roles`, `turns`, `stacks`, `losses`.
    pub about: String,
    /// Which figure.
    pub name: String,
    /// In what; absent for plain numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// What the work itself knows.
    pub known: u64,
    /// What tracer found; null if it did not say.
    pub found: Option<u64>,
    /// By how much they may differ; absent where they must be equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<u64>,
    /// `pass`: they agree; `fail`: they differ; `inconclusive`: this host does not let it be tested.
    pub outcome: Outcome,
    /// Why it could not be tested; absent if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What a figure counts, if it is no plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Nanoseconds.
    Ns,
}

/// What the probes cost a process that is measured, each round beside one without probes. Stated, and never judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// The mechanism that the calls were traced by.
    pub mechanism: Mechanism,
    /// How many rounds with probes there were.
    pub rounds: u64,
    /// A traced call: sendfile of 4 KiB in memory to `/dev/null`.
    pub sendfile: CallCost,
    /// Another system call: getppid.
    pub getppid: CallCost,
}

/// What a call costs, ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallCost {
    /// Without probes: the median of the rounds.
    pub without_ns: u64,
    /// With probes, likewise.
    pub with_ns: u64,
    /// What probes added: the median of the rounds, each against the two without probes around it.
    pub added_ns: i64,
    /// The least that they added in a round.
    pub added_min_ns: i64,
    /// The most.
    pub added_max_ns: i64,
}
