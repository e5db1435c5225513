//! What this kernel, these capabilities and this configuration allow: facts about the host, as its own files have them,
//! and each rung of the ladder, as it was tried.
//!
//! `facts` reads, all else is pure: facts and trials become findings, causes and features.

mod causes;
mod facts;
mod features;
mod findings;
mod report;

pub use self::{
    facts::{Facts, Tracefs},
    report::{DoctorReport, Finding, SCHEMA_VERSION, State},
};
use crate::{
    model::{Host, Tool},
    probe::survey::Survey,
};

/// What `facts` and what was tried, or why nothing could be, come to.
#[must_use]
pub fn report(host: Host, facts: &Facts, survey: Result<Survey, String>) -> DoctorReport {
    let host_findings = findings::of(facts);
    let (mut probes, features) = match &survey {
        Ok(survey) => (survey.probes.clone(), features::of(facts, survey)),
        Err(_) => (Vec::new(), Vec::new()),
    };
    for probe in &mut probes {
        causes::explain(probe, facts);
    }
    let obstacle = survey.err().or_else(|| features::obstacle(&probes));
    DoctorReport {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        host,
        works: obstacle.is_none(),
        obstacle,
        findings: host_findings,
        probes,
        features,
        self_test: None,
    }
}
