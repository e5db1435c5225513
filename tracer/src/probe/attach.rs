//! Climbs the ladder: tries a probe's rungs, cheapest first, until one holds.

use aya::{Ebpf, programs::ProgramError};

use super::{
    ladder::{ProbeSpec, Rung},
    privileges,
    rung::{self, Link, Tools},
};
use crate::model::Mechanism;

/// What became of a probe.
pub struct Outcome {
    /// As the report names it.
    pub names: Vec<&'static str>,
    /// The mechanism that holds; `None` if none does.
    pub mechanism: Option<Mechanism>,
    /// Names of its programs.
    pub programs: Vec<&'static str>,
    /// What was refused, rung by rung.
    pub refusals: Vec<Refusal>,
    /// What holds the programs where they hang.
    pub links: Vec<Link>,
}

/// A rung that does not hold.
pub struct Refusal {
    /// Which mechanism.
    pub mechanism: Mechanism,
    /// Why, in one line.
    pub reason: String,
    /// The last lines of the verifier, if it was the one that refused.
    pub verifier: Option<String>,
}

impl Refusal {
    /// Of a rung, for this reason.
    pub fn new(rung: &Rung, error: &anyhow::Error) -> Self {
        Self { mechanism: rung.mechanism, reason: reason(error), verifier: verifier_log(error) }
    }
}

/// Attaches `spec` by the first rung that holds. The programs of the first ones were `refused` already.
pub fn attach(ebpf: &mut Ebpf, spec: &ProbeSpec, refused: Vec<Refusal>, tools: &Tools<'_>) -> Outcome {
    let mut refusals = refused;
    for rung in spec.rungs.iter().skip(refusals.len()) {
        match rung::hang(ebpf, rung, tools) {
            Ok(links) => {
                let (names, mechanism, programs) = (spec.names.clone(), Some(rung.mechanism), rung.programs());
                return Outcome { names, mechanism, programs, refusals, links };
            }
            Err(error) => {
                rung::take_off(ebpf, rung);
                refusals.push(Refusal::new(rung, &error));
            }
        }
    }
    Outcome { names: spec.names.clone(), mechanism: None, programs: Vec::new(), refusals, links: Vec::new() }
}

/// An error in one line. The whole log of the verifier is a part of aya's words, and not of these.
fn reason(error: &anyhow::Error) -> String {
    let mut words = Vec::new();
    for cause in error.chain() {
        if let Some(ProgramError::LoadError { io_error, .. }) = cause.downcast_ref() {
            // A kernel may refuse without a word of its verifier.
            let hint = verifier_log(error).map_or("", |_| " (-v shows the verifier's last lines)");
            words.push(format!("the kernel refuses it: {io_error}{hint}"));
            break;
        }
        words.push(cause.to_string());
    }
    words.extend(privileges::behind(error));
    words.join(": ")
}

/// How many lines of the verifier are worth showing: the refusal is at the end.
const VERIFIER_LINES: usize = 6;

fn verifier_log(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| match cause.downcast_ref::<ProgramError>() {
        Some(ProgramError::LoadError { verifier_log, .. }) => {
            let text = verifier_log.to_string();
            let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
            (!lines.is_empty()).then(|| lines[lines.len().saturating_sub(VERIFIER_LINES)..].join("\n"))
        }
        _ => None,
    })
}
