//! `tracer slo`.

use anyhow::{Result, anyhow};

use super::{objectives, printer::Printer};
use crate::{
    cli::{RulesArgs, SloArgs, SloCommand},
    output::OutputFile,
    render,
};

/// Makes of objectives what is asked for.
///
/// # Errors
/// If a file cannot be read, if no alert can be made for an objective, or if the output fails.
pub fn run(args: &SloArgs) -> Result<()> {
    match &args.command {
        SloCommand::Rules(args) => rules(args),
    }
}

fn rules(args: &RulesArgs) -> Result<()> {
    let file = args.output.as_deref().map(OutputFile::open).transpose()?;
    let text = render::rules::prometheus(&objectives::read(&args.files)?, &args.job).map_err(|why| anyhow!("{why}"))?;
    match file {
        Some(file) => file.write(&text),
        None => Printer::Stdout.print(&text),
    }
}
