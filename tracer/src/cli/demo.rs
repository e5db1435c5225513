//! The command line of the demo.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{OutputArgs, duration};

/// `tracer demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How long to trace: 5, 5s, 1m30s
    #[arg(short, long, value_name = "TIME", default_value = "5s", value_parser = duration::parse, allow_hyphen_values = true)]
    pub duration: Duration,
    /// Where to put the files; must be on a disk
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Where the results go.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Be the demo's server
    #[arg(long, value_name = "DIR", hide = true)]
    pub serve: Option<PathBuf>,
}
