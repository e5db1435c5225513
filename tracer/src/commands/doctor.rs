//! `tracer doctor`.

use anyhow::{Error, Result};

use super::{
    files::Files,
    printer::{Printer, plain},
};
use crate::{
    cli::{DoctorArgs, DoctorFormat},
    collect,
    doctor::{self, DoctorReport, Facts},
    escape::escape,
    exit,
    gate::outcome::Outcome,
    probe::{self, survey},
    render::{self, Style},
    self_test,
    stderr::say,
};

/// Rows per list: there is no list that could be long.
const TOP: usize = 10;

/// Says what this host allows, by trying; with `--self-test`, also whether what tracer finds is true. Returns the exit code.
///
/// # Errors
/// If an output fails.
pub fn run(args: &DoctorArgs) -> Result<u8> {
    if let Some((hot, cold)) = args.known_work {
        return self_test::work(hot, cold).map(|()| exit::OK);
    }
    let output = &args.output;
    let style = Printer::Stdout.style(output.color, TOP);
    let files = Files::open(&output.output)?;
    if probe::check_privileges().is_ok() {
        say("trying each probe by each mechanism, which takes some seconds");
    }
    let survey = survey::survey(collect::possible_cpus()).map_err(|error| format!("{error:#}"));
    let mut report = doctor::report(collect::host(), &Facts::read(), survey);
    if output.verbose {
        verifiers_words(&report);
    }
    let mut failure = None;
    if args.self_test && report.works {
        say("measuring known work, which takes a quarter of a minute");
        let mut detail = |text: &str| {
            if output.verbose {
                tell(text);
            }
        };
        match self_test::run(args.directory.as_deref(), &mut detail) {
            Ok(tested) => report.self_test = Some(tested),
            Err(error) => failure = Some(error.context("the self-test failed")),
        }
    }
    let text = |format, style: &Style| match format {
        DoctorFormat::Table => render::doctor::table(&report, style),
        DoctorFormat::Json => render::doctor::json(&report),
    };
    let plain = plain(style);
    let written = files.write(|format| text(format, &plain));
    let printed = if output.quiet { Ok(()) } else { Printer::Stdout.print(&text(output.format, &style)) };
    written.and(printed)?;
    ended(&report, failure)
}

/// The exit code, or why there was nothing to judge.
fn ended(report: &DoctorReport, failure: Option<Error>) -> Result<u8> {
    if let Some(obstacle) = &report.obstacle {
        return Err(Error::msg(obstacle.clone()));
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    Ok(report.self_test.as_ref().map_or(Outcome::Pass, |tested| tested.outcome).exit_code(None))
}

fn verifiers_words(report: &DoctorReport) {
    for probe in &report.probes {
        for rung in &probe.rungs {
            let Some(words) = &rung.verifier else { continue };
            tell(&format!("{} by {}: the verifier says", probe.name, rung.mechanism.label()));
            words.lines().for_each(tell);
        }
    }
}

fn tell(text: &str) {
    say(&format!("tracer: {}", escape(text)));
}
