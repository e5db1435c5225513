//! `tracer report`.

use anyhow::{Result, anyhow, bail};

use super::results::Results;
use crate::{
    analysis::merge::{Refusal, TargetId, merge, target_id},
    cli::{Format, ReportArgs},
    escape::escape,
    model::Recording,
    recordings::{self, Saved},
    stderr::say,
};

/// Renders recordings that were kept; those of the same target as one.
///
/// # Errors
/// If one cannot be read, if those of a target do not merge, or if an output fails.
pub fn run(args: &ReportArgs) -> Result<()> {
    let results = Results::open(&args.output)?;
    let mut targets: Vec<(TargetId, Vec<Saved>)> = Vec::new();
    for saved in recordings::read(&args.files)? {
        if args.output.verbose {
            say(&format!("tracer: read {}", escape(&saved.name)));
        }
        let target = target_id(&saved.recording);
        match targets.iter_mut().find(|(other, _)| *other == target) {
            Some((_, of_target)) => of_target.push(saved),
            None => targets.push((target, vec![saved])),
        }
    }
    let reports: Result<Vec<Recording>> = targets.into_iter().map(|(_, saved)| merged(saved)).collect();
    let reports = reports?;
    if args.output.has(Format::Folded) && reports.iter().any(|report| report.stacks.is_none()) {
        bail!("cannot write folded: no stacks are in what was recorded; measure with --stacks");
    }
    results.write_all(&reports)
}

fn merged(saved: Vec<Saved>) -> Result<Recording> {
    let (names, recordings): (Vec<_>, Vec<_>) = saved.into_iter().map(|saved| (saved.name, saved.recording)).unzip();
    merge(recordings).map_err(|Refusal { between, why }| {
        let which: Vec<_> = between.iter().filter_map(|&place| names.get(place)).map(String::as_str).collect();
        let which = match which.as_slice() {
            [] => format!("{} recordings of one target", names.len()),
            which => which.join(" and "),
        };
        anyhow!("cannot merge {which}: {why}")
    })
}
