//! `tracer report`.

use anyhow::{Result, bail};

use super::{results::Results, targets};
use crate::cli::{Format, ReportArgs};

/// Renders recordings that were kept; those of the same target as one.
///
/// # Errors
/// If one cannot be read, if those of a target do not merge, or if an output fails.
pub fn run(args: &ReportArgs) -> Result<()> {
    let results = Results::open(&args.output)?;
    let reports = targets::read(&args.files, args.output.verbose)?;
    if args.output.has(Format::Folded) && reports.iter().any(|report| report.stacks.is_none()) {
        bail!("cannot write folded: no stacks are in what was recorded; measure with --stacks");
    }
    results.write_all(&reports)
}
