//! The commands that measure: `tracer sendfile` and its kin.

use anyhow::Result;

use super::{progress::Progress, results::Results, run::while_command_runs};
use crate::{cli::MeasureArgs, exit, measure::measure, options::Family};

/// Measures what `family` is about, and reports. Returns the exit code: with a command, its own.
///
/// # Errors
/// If it cannot measure or write.
pub fn run(family: Family, args: &MeasureArgs) -> Result<u8> {
    let options = args.measurement(family)?;
    if !args.command.is_empty() {
        return while_command_runs(&args.command, &args.options, &args.output, args.how.reports_intervals(), |_| {
            options
        });
    }
    // Files first: a typo is found before ten seconds of measuring.
    let mut results = Results::open(&args.output)?;
    let mut progress = Progress::new(&mut results, &options, args.how.reports_intervals());
    let recording = measure(&options, None, &mut progress)?;
    results.write(&recording).and(progress.finish())?;
    Ok(exit::OK)
}
