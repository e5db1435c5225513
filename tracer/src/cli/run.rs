//! A command to run: as what is measured, or meanwhile.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, ValueEnum as _};

use super::{OutputArgs, measure::HowArgs};
use crate::{
    child::Child,
    options::{Family, Measurement, TargetOption},
};

/// `tracer run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What to measure: sendfile (if none is named), splice, pagecache or eventloop
    #[arg(value_name = "FAMILY", default_value = Family::Sendfile.name(), hide_default_value = true, value_parser = family)]
    pub family: Family,
    /// The command, with its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub command: Vec<OsString>,
    /// How to run it.
    #[command(flatten)]
    pub options: CommandArgs,
    /// How to measure.
    #[command(flatten)]
    pub how: HowArgs,
    /// Where the results go.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How to run a command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Command")]
pub struct CommandArgs {
    /// Run CMD as this user, by name or id; under sudo it runs as the user who called sudo, else as tracer does
    #[arg(long, value_name = "USER", requires = "command")]
    pub user: Option<OsString>,
    /// Run CMD even if it cannot be measured
    #[arg(long, requires = "command")]
    pub keep_going: bool,
    /// Where CMD's stdout and stderr go, if not to tracer's; --live needs it, to have the terminal for itself
    #[arg(long, value_name = "FILE", requires = "command")]
    pub command_output: Option<PathBuf>,
}

impl RunArgs {
    /// The measurement of `child` that the user asks for.
    #[must_use]
    pub fn measurement(&self, child: &Child) -> Measurement {
        let target = TargetOption::command(child.pid());
        let mut measurement = Measurement::new(self.family, target, self.output.verbose);
        measurement.command = Some(child.shown());
        self.how.apply(&mut measurement, &self.output);
        measurement
    }
}

fn family(name: &str) -> Result<Family, String> {
    Family::from_str(name, false).map_err(|_| {
        let names: Vec<_> = Family::value_variants().iter().map(|family| family.name()).collect();
        format!("it is none of {}; a command comes after --, as in: tracer run -- {name}", names.join(", "))
    })
}
