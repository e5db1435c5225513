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
        return while_command_runs(&args.command, &args.options, &args.output, |_| options);
    }
    // Files first: a typo is found before ten seconds of measuring.
    let results = Results::open(&args.output)?;
    let recording = measure(&options, None, &mut Progress::new(&results, &options.title()))?;
    results.write(&recording)?;
    Ok(exit::OK)
}
