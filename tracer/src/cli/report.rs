//! `tracer report`.

use std::path::PathBuf;

use clap::Args;

use super::OutputArgs;

pub const EXAMPLES: &str = "\
Examples:
  tracer report run.json                    the report that the measurement showed
  tracer report shards/                     all recordings of a folder: one fleet, host by host
  tracer report mon.json tue.json -o json:both.json -q
                                            merge two windows into one recording
  ssh broker-1 cat run.json | tracer report -
                                            a recording from elsewhere

Exit codes:
  0 reported, whatever the verdict   2 wrong options   4 could not read, merge or write";

/// `tracer report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Recordings: files, folders (their own *.json), - for stdin; those of one target are merged
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where the results go.
    #[command(flatten)]
    pub output: OutputArgs,
}
