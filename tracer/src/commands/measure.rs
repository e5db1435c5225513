//! The commands that measure: `tracer sendfile` and its kin.

use anyhow::Result;

use super::{follow::Follow, progress::Progress, results::Results, run::while_command_runs};
use crate::{cli::MeasureArgs, exit, options::Family};

/// Measures what `family` is about, and reports. Returns the exit code: with a command, its own.
///
/// # Errors
/// If it cannot measure or write.
pub fn run(family: Family, args: &MeasureArgs) -> Result<u8> {
    let mut options = args.measurement(family)?;
    if !args.command.is_empty() {
        return while_command_runs(&args.command, &args.options, &args.output, &args.how, |_| options);
    }
    let follow = Follow::chosen(&args.how, &args.output, true)?;
    // Files first: a typo is found before ten seconds of measuring.
    let mut results = Results::open(&args.output)?;
    follow.apply(&mut options);
    options.writes_for_others = results.are_for_others();
    let progress = Progress::new(&mut results, &options, follow);
    let (recording, progress) = follow.measure(&options, None, progress);
    let recording = recording?;
    results.write(&recording).and(progress.finish())?;
    Ok(args.how.exit_code(exit::OK, recording.verdict.status))
}
