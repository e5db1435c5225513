//! `tracer compare`.

use anyhow::{Result, anyhow};

use super::{compare_runs, gate_results::GateResults};
use crate::{
    cli::{CompareArgs, GateFormat},
    escape::escape,
    gate::compare::{answer::compare, comparable::Refusal, figures::Run},
    recordings::{self, Saved},
    render,
    stderr::say,
};

/// Compares recordings of two sides. Returns the exit code.
///
/// # Errors
/// If one cannot be read, if they cannot be compared, or if an output fails.
pub fn run(args: &CompareArgs) -> Result<u8> {
    let results = GateResults::open(&args.output)?;
    let made = compare_runs::make(&args.runs, args.seed())?;
    let (old, new) = match &made {
        Some([old, new]) => {
            (recordings::read(std::slice::from_ref(old))?, recordings::read(std::slice::from_ref(new))?)
        }
        None => (recordings::read(&args.old)?, recordings::read(&args.new)?),
    };
    if args.output.verbose {
        for (side, saved) in [("old", &old), ("new", &new)] {
            saved.iter().for_each(|saved| say(&format!("tracer: read {} ({side})", escape(&saved.name))));
        }
    }
    let (old, new) = (runs(&old), runs(&new));
    let comparison = compare(&old, &new, &args.options());
    let comparison = comparison.map_err(|Refusal(why)| anyhow!("cannot compare: {why}"))?;
    let instead = args.output.instead();
    results.write(&render::compare::judged(&comparison), instead, |format, style| match format {
        GateFormat::Table => Some(render::compare::table(&comparison, style)),
        GateFormat::Markdown => Some(render::compare::markdown(&comparison)),
        GateFormat::Json => Some(render::compare::json(&comparison)),
        GateFormat::Html => Some(render::compare::html(&comparison, &old, &new)),
        _ => None,
    })?;
    Ok(comparison.outcome.exit_code(instead))
}

fn runs(saved: &[Saved]) -> Vec<Run<'_>> {
    saved.iter().map(|saved| Run { name: &saved.name, recording: &saved.recording }).collect()
}
