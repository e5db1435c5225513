//! The commands that measure: `tracer sendfile` and its kin.

use anyhow::Result;

use super::{progress::Progress, results::Results};
use crate::{cli::MeasureArgs, measure::measure, options::Family};

/// Measures what `family` is about, and reports.
///
/// # Errors
/// If it cannot measure or write.
pub fn run(family: Family, args: &MeasureArgs) -> Result<()> {
    let options = args.measurement(family)?;
    // Files first: a typo is found before ten seconds of measuring.
    let mut results = Results::open(&args.output)?;
    let mut progress = Progress::new(&mut results, &options, args.reports_intervals());
    let recording = measure(&options, &mut progress)?;
    results.write(&recording).and(progress.finish())
}
