//! `tracer check`.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::{Context as _, Result, anyhow, bail};

use super::{gate_results::GateResults, targets};
use crate::{
    cli::{CheckArgs, GateFormat},
    gate::{
        check::{Limits, Target, check},
        slo::{self, Slo},
    },
    render,
};

/// No file of objectives is longer, in KiB.
const MOST_KIB: u64 = 1024;

/// Holds recordings against limits and objectives; the exit code says what came of it.
///
/// # Errors
/// If a recording or a file of objectives cannot be read, or if an output fails.
pub fn run(args: &CheckArgs) -> Result<u8> {
    let results = GateResults::open(&args.output)?;
    let mut slos: Vec<Slo> = Vec::new();
    for path in &args.limits.slo {
        slos.extend(read_slos(path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    if let Some(name) = slo::name_of_several(&slos) {
        bail!("cannot tell objectives apart: two files have an SLO called {name}, name each file once");
    }
    let limits = Limits { limits: args.limits.limits(), slos };
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

fn read_slos(path: &Path) -> Result<Vec<Slo>> {
    let mut text = String::new();
    File::open(path)?.take((MOST_KIB << 10) + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_KIB << 10 {
        bail!("it is larger than {MOST_KIB} KiB, which no file of objectives is");
    }
    slo::parse(&text).map_err(|mistake| anyhow!("{mistake}"))
}
