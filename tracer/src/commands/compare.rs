//! `tracer compare`.

use std::path::PathBuf;

use anyhow::{Result, anyhow};

use super::{compare_runs, gate_results::GateResults};
use crate::{
    cli::{CompareArgs, GateFormat},
    escape::escape,
    gate::compare::{
        answer::compare,
        comparable::Refusal,
        comparison::{Comparison, Look},
        early,
        figures::Run,
    },
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
    let mut looks = Vec::new();
    let made = compare_runs::make(&args.runs, args.seed(), |folders| {
        looks.extend(look(folders, args)?);
        Ok(looks.iter().any(|look: &Look| look.stopped))
    })?;
    let (old, new) = match &made {
        Some(folders) => read(folders)?,
        None => (recordings::read(&args.old)?, recordings::read(&args.new)?),
    };
    if args.output.verbose {
        for (side, saved) in [("old", &old), ("new", &new)] {
            saved.iter().for_each(|saved| say(&format!("tracer: read {} ({side})", escape(&saved.name))));
        }
    }
    let (old, new) = (runs(&old), runs(&new));
    let mut options = args.options();
    options.rule.level = match looks.iter().find(|look| look.stopped) {
        Some(look) => look.level,
        None => early::left(options.rule.level, &looks),
    };
    let comparison = compare(&old, &new, &options).map_err(refused)?;
    let comparison = Comparison { looks, ..comparison };
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

/// Looks at the runs so far, and says what came of it. `None`: they are too few to look at.
fn look(folders: &[PathBuf; 2], args: &CompareArgs) -> Result<Option<Look>> {
    let (old, new) = read(folders)?;
    let looked = early::look(&runs(&old), &runs(&new), &args.options()).map_err(refused)?;
    let look = looked.map(|(look, _)| look);
    let said = match look {
        Some(Look { stopped: true, .. }) => "worse already: no more are made",
        Some(_) => "not worse beyond doubt: the others are made",
        None => "too few to look at for so many metrics: the others are made",
    };
    say(&format!("tracer: a look after {} runs a side: {said}", old.len().min(new.len())));
    Ok(look)
}

fn read([old, new]: &[PathBuf; 2]) -> Result<(Vec<Saved>, Vec<Saved>)> {
    Ok((recordings::read(std::slice::from_ref(old))?, recordings::read(std::slice::from_ref(new))?))
}

fn refused(Refusal(why): Refusal) -> anyhow::Error {
    anyhow!("cannot compare: {why}")
}

fn runs(saved: &[Saved]) -> Vec<Run<'_>> {
    saved.iter().map(|saved| Run { name: &saved.name, recording: &saved.recording }).collect()
}
