//! `tracer compare`.

use anyhow::{Result, anyhow};

use super::{compare_runs, gate_results::GateResults};
use crate::{
    cli::{CompareArgs, GateFormat},
    escape::escape,
    gate::{
        compare::{
            comparable::Refusal,
            comparison::{Comparison, compare},
            figures::Run,
        },
        outcome::Outcome,
    },
    recordings::{self, Saved},
    render::{self, Style},
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
    let comparison = compare(&runs(&old), &runs(&new), &args.options());
    let comparison = comparison.map_err(|Refusal(why)| anyhow!("cannot compare: {why}"))?;
    results.write(|format, style| rendered(format, &comparison, style, args.output.instead()))?;
    Ok(comparison.outcome.exit_code(args.output.instead()))
}

fn runs(saved: &[Saved]) -> Vec<Run<'_>> {
    saved.iter().map(|saved| Run { name: &saved.name, recording: &saved.recording }).collect()
}

/// The comparison in a format: the one place that knows them all.
fn rendered(format: GateFormat, comparison: &Comparison, style: &Style, instead: Option<Outcome>) -> String {
    match format {
        GateFormat::Table => render::compare::table(comparison, style),
        GateFormat::Markdown => render::compare::markdown(comparison),
        GateFormat::Json => render::compare::json(comparison),
        GateFormat::Junit => render::gate::junit(&render::compare::judged(comparison), instead),
        GateFormat::Github => render::gate::github(&render::compare::judged(comparison), instead),
        GateFormat::BenchmarkAction => render::gate::benchmark_action(&render::compare::judged(comparison)),
        GateFormat::Bmf => render::gate::bmf(&render::compare::judged(comparison)),
        // There is no such page, and the options do not offer it.
        GateFormat::Html => String::new(),
    }
}
