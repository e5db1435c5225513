//! What `tracer doctor -f json` says, as far as tasks read it (docs/doctor.schema.json).

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The document.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Doctor {
    /// Where.
    pub host: Host,
    /// All that is observed, each tried by each mechanism.
    pub probes: Vec<Probe>,
}

/// The host.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Host {
    /// The kernel's release.
    pub kernel: String,
}

/// A probe.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Probe {
    /// What is observed.
    pub name: String,
    /// The mechanism that a measurement would use.
    pub chosen: String,
    /// The mechanisms, in the order in which tracer tries them.
    pub rungs: Vec<Rung>,
}

/// A probe by one mechanism.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Rung {
    pub mechanism: String,
    /// Whether it was loaded, attached and fired.
    pub holds: bool,
    pub programs: Vec<Program>,
}

/// A program.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Program {
    pub name: String,
    /// How many instructions the verifier looked at; `None`: it was not loaded, or the kernel does not tell.
    pub verified_instructions: Option<u64>,
}

impl Doctor {
    /// From the text of the document.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("what doctor wrote is no such document")
    }

    /// All programs.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.probes.iter().flat_map(|probe| &probe.rungs).flat_map(|rung| &rung.programs)
    }
}
