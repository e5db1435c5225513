//! What `tracer doctor` found: its JSON form is a published contract, like that of a recording.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Host, ProbeTrial, Tool},
    self_test::SelfTest,
};

/// Version of the contract.
pub const SCHEMA_VERSION: u32 = 1;

/// What a host allows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DoctorReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// Where.
    pub host: Host,
    /// Whether the main job can be done: sendfile and disk waits are both observed.
    pub works: bool,
    /// Why it cannot; absent if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
    /// Facts about the host, each with what it means for tracer.
    pub findings: Vec<Finding>,
    /// Each probe with all its rungs; empty where nothing could be tried.
    pub probes: Vec<ProbeTrial>,
    /// What a measurement tells here; empty likewise.
    pub features: Vec<Finding>,
    /// Known work against what tracer saw of it; absent unless it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_test: Option<SelfTest>,
}

/// A fact, or something that a measurement tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What it is about, in a word or two.
    pub name: String,
    /// Whether anything is amiss.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What that takes from tracer; absent if nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How to get it; absent where nothing is missing, or nothing is known to help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Whether anything is amiss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing.
    Ok,
    /// A part is missing, or dearer than it need be.
    Limited,
    /// It is missing.
    Missing,
    /// The host does not tell.
    Unknown,
    /// A state that this version does not know.
    #[serde(other)]
    Other,
}

impl State {
    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Limited => "limited",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::Other => "other",
        }
    }
}

impl Finding {
    /// Nothing is amiss.
    pub fn ok(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Ok, found: found.into(), why: None, remedy: None }
    }

    /// Something is.
    pub fn amiss(name: &str, state: State, found: impl Into<String>, why: impl Into<String>, remedy: &str) -> Self {
        let remedy = (!remedy.is_empty()).then(|| remedy.to_owned());
        Self { name: name.into(), state, found: found.into(), why: Some(why.into()), remedy }
    }
}
