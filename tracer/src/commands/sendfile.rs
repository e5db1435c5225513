//! `tracer sendfile`.

use anyhow::Result;

use super::{progress::Progress, results::Results};
use crate::{cli::SendfileArgs, measure::measure};

/// Measures and reports.
///
/// # Errors
/// If it cannot measure or write.
pub fn run(args: &SendfileArgs) -> Result<()> {
    let options = args.measurement()?;
    // Files first: a typo is found before ten seconds of measuring.
    let results = Results::open(&args.output)?;
    let recording = measure(&options, &mut Progress::new(&results, &options))?;
    results.write(&recording)
}
