//! `tracer report`.

use std::path::PathBuf;

use clap::{
    Arg, Args, ValueEnum as _,
    builder::{PossibleValuesParser, TypedValueParser},
};

use super::{Format, OutputArgs, OutputSpec};

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
fn formats() -> impl Iterator<Item = Format> {
    Format::value_variants().iter().copied().filter(|format| format.is_of_recordings())
}

fn only_of_recordings(format: Arg) -> Arg {
    let words = PossibleValuesParser::new(formats().filter_map(|format| format.to_possible_value()));
    format.value_parser(words.try_map(|word| Format::from_str(&word, true)))
}

fn to_files(output: Arg) -> Arg {
    let extensions: Vec<_> = formats().flat_map(Format::extensions).map(|extension| format!(".{extension}")).collect();
    output.value_parser(file).help(format!(
        "Write to a file too, whole or not at all; repeatable. The format is the extension's ({}) or FORMAT:FILE",
        extensions.join(", ")
    ))
}

fn file(text: &str) -> Result<OutputSpec, String> {
    let spec: OutputSpec = text.parse()?;
    match spec.format.is_of_recordings() {
        true => Ok(spec),
        false => {
            Err("a recording cannot be written as jsonl: its lines are written while a measurement goes on; take json"
                .into())
        }
    }
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
