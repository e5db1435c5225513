//! The command line of `tracer doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    output::ColorChoice,
    output_spec::{FileFormat, OutputSpec},
};

pub const EXAMPLES: &str = "\
Examples:
  tracer doctor                             what works on this host, what does not, and why
  tracer doctor --self-test                 is what it counts true here, and what does it cost?
  tracer doctor -f json                     all of it, for programs
  tracer doctor --self-test --directory /srv
                                            with the files of the test on a certain disk

Exit codes:
  0 sendfile and disk waits can be observed, and the self-test passed   1 the self-test found a figure wrong
  2 wrong options   3 the self-test could not test everything   4 they cannot be observed, or could not write";

/// `tracer doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Do known work, measure it, and hold what tracer found against what is known; takes some seconds
    #[arg(long)]
    pub self_test: bool,
    /// Where to put the files of the self-test, which have no name; on a disk, or cold pages cannot be tested
    #[arg(long, value_name = "DIR", requires = "self_test")]
    pub directory: Option<PathBuf>,
    /// Where the results go.
    #[command(flatten)]
    pub output: DoctorOutputArgs,
    /// Do the known work on the files behind these descriptors
    #[arg(long, value_name = "HOT,COLD", hide = true, value_parser = descriptors)]
    pub known_work: Option<(i32, i32)>,
}

/// Where the results go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct DoctorOutputArgs {
    /// What to print on stdout
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub format: DoctorFormat,
    /// Write to a file too, whole or not at all; repeatable. The format is the extension's (.txt, .json) or FORMAT:FILE
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<OutputSpec<DoctorFormat>>,
    /// Colour: auto (on a terminal, unless NO_COLOR is set), always, never
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Print nothing on stdout
    #[arg(short, long)]
    pub quiet: bool,
    /// Say what goes on, on stderr, and show the verifier's last lines
    #[arg(short, long)]
    pub verbose: bool,
}

/// A form of what doctor found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// The report that people read.
    Table,
    /// All of it, for programs.
    Json,
}

impl FileFormat for DoctorFormat {
    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Table => &["txt"],
            Self::Json => &["json"],
        }
    }
}

fn descriptors(text: &str) -> Result<(i32, i32), String> {
    let pair = text.split_once(',').and_then(|(hot, cold)| Some((hot.parse().ok()?, cold.parse().ok()?)));
    pair.ok_or_else(|| format!("{text:?} is no pair of descriptors"))
}
