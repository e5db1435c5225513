//! `tracer check`.

use anyhow::Result;

use super::{gate_results::GateResults, objectives, targets};
use crate::{
    cli::{CheckArgs, GateFormat},
    gate::check::{Limits, Target, check},
    render,
};

/// Holds recordings against limits and objectives; the exit code says what came of it.
///
/// # Errors
/// If a recording or a file of objectives cannot be read, or if an output fails.
pub fn run(args: &CheckArgs) -> Result<u8> {
    let results = GateResults::open(&args.output)?;
    let limits = Limits { limits: args.limits.limits(), slos: objectives::read(&args.limits.slo)? };
    let recordings = targets::read(&args.files, args.output.verbose)?;
    let target = |recording| Target { name: render::target_name(&recording), recording };
    let targets: Vec<_> = recordings.into_iter().map(target).collect();
    let report = check(&targets, &limits);
    let instead = args.output.instead();
    results.write(&render::check::judged(&report), instead, |format, style| match format {
        GateFormat::Table => Some(render::check::table(&report, style)),
        GateFormat::Markdown => Some(render::check::markdown(&report)),
        GateFormat::Json => Some(render::check::json(&report)),
        _ => None,
    })?;
    Ok(report.outcome.exit_code(instead))
}
