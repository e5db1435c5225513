//! What the kernel lets tracer hang on: each rung of the ladder for each probe, as it was tried.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Mechanism;

/// A thing to observe, and what came of each way to observe it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeTrial {
    /// What is observed, as recordings name it.
    pub name: String,
    /// What a measurement uses: the first rung that holds, `none` if none does.
    pub chosen: Mechanism,
    /// The rungs, the cheapest first.
    pub rungs: Vec<RungTrial>,
}

/// A rung, and what came of it when it was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RungTrial {
    /// By which mechanism.
    pub mechanism: Mechanism,
    /// Whether all its programs were loaded, attached and, where that could be seen, fired.
    pub holds: bool,
    /// Whether each program was seen to run; null where the kernel does not tell.
    pub fired: Option<bool>,
    /// What was refused, in the words of tracer and of the kernel; absent if it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why, as far as the facts about this host tell; absent if they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How to get it; absent where nothing is known to help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The last lines of the verifier, if it was the one that refused and said something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<String>,
    /// Its programs.
    pub programs: Vec<ProgramTrial>,
}

/// A program of a rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProgramTrial {
    /// Its name in the eBPF object.
    pub name: String,
    /// How many instructions the verifier looked at; null if it was not loaded, or the kernel does not tell.
    pub verified_instructions: Option<u64>,
    /// Whether the kernel tells how many events it missed; null if it was not loaded.
    pub tells_missed: Option<bool>,
}

impl ProbeTrial {
    /// Whether anything observes it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.chosen != Mechanism::None
    }

    /// The rung of this mechanism, if the ladder has it.
    #[must_use]
    pub fn rung(&self, mechanism: Mechanism) -> Option<&RungTrial> {
        self.rungs.iter().find(|rung| rung.mechanism == mechanism)
    }
}
