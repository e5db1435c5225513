//! `tracer report`.

use std::path::PathBuf;

use clap::{Arg, Args};

use super::{Format, OutputArgs, output_spec::Offer};

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
#[command(mut_arg("format", only_of_recordings), mut_arg("output", to_files))]
pub struct ReportArgs {
    /// Recordings: files, folders (their own *.json), - for stdin; those of one target are merged
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where the results go.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The formats that a recording can have.
const OF_RECORDINGS: Offer<Format> = Offer {
    has: Format::is_of_recordings,
    refusal: "a recording cannot be written as jsonl: its lines are written while a measurement goes on; take json",
};

fn only_of_recordings(format: Arg) -> Arg {
    OF_RECORDINGS.for_stdout(format)
}

fn to_files(output: Arg) -> Arg {
    OF_RECORDINGS.for_files(output)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::Cli;

    #[test]
    fn lines_of_intervals_are_neither_offered_nor_taken() {
        let said = |words: &str| Cli::try_parse_from(words.split(' ')).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(said("tracer report run.json -f hlog -o run.html"), Ok(()));
        for (words, why) in [
            ("tracer report run.json -o run.jsonl", "take json"),
            ("tracer report run.json -o jsonl:run", "take json"),
            ("tracer report run.json -f jsonl", "[possible values: table, json, html, folded, "),
        ] {
            let refused = said(words).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
        assert!(!said("tracer report --help").unwrap_err().contains("jsonl"));
    }
}
