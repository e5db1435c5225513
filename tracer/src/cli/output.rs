//! Where the results of a measurement go.

use clap::{Args, ValueEnum};

use super::output_spec::{FileFormat, OutputSpec};

/// Where the results go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// What to print on stdout
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Write to a file too, whole or not at all; repeatable. The format is the extension's (.json, .jsonl, .txt, .html, .folded, .md, .prom, .om, .hlog) or FORMAT:FILE. A .jsonl grows by whole lines
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<OutputSpec<Format>>,
    /// Rows per list
    #[arg(long, value_name = "N", default_value_t = 10, allow_hyphen_values = true)]
    pub top: usize,
    /// Colour: auto (on a terminal, unless NO_COLOR is set), always, never
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Print nothing on stdout
    #[arg(short, long)]
    pub quiet: bool,
    /// Say what goes on, on stderr
    #[arg(short, long)]
    pub verbose: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A form of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The report that people read.
    Table,
    /// The recording.
    Json,
    /// The page for a browser, in one file.
    Html,
    /// One line of JSON per interval, as it goes; every second unless an interval is set.
    Jsonl,
    /// The stacks of disk waits for flame graphs; to ask for them is to have them taken.
    Folded,
    /// A summary for a pull-request comment.
    Markdown,
    /// Metrics, as Prometheus reads them.
    Openmetrics,
    /// A log of HdrHistogram.
    Hlog,
    /// Maps, as `bpftrace -f json` prints them.
    Bpftrace,
}

impl FileFormat for Format {
    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Table => &["txt"],
            Self::Json => &["json"],
            Self::Jsonl => &["jsonl"],
            Self::Folded => &["folded"],
            Self::Html => &["html"],
            Self::Markdown => &["md"],
            Self::Openmetrics => &["prom", "om"],
            Self::Hlog => &["hlog"],
            // Its lines are JSON, but not the recording.
            Self::Bpftrace => &[],
        }
    }
}

impl Format {
    /// Whether several recordings can stand in it, one behind the other.
    #[must_use]
    pub fn holds_several(self) -> bool {
        match self {
            Self::Table | Self::Folded | Self::Markdown => true,
            Self::Json | Self::Jsonl | Self::Html | Self::Openmetrics | Self::Hlog | Self::Bpftrace => false,
        }
    }

    /// Whether it can be made from a recording: lines of intervals are written while a measurement goes on.
    #[must_use]
    pub fn is_of_recordings(self) -> bool {
        self != Self::Jsonl
    }
}

impl OutputArgs {
    /// Whether a result has this format.
    #[must_use]
    pub fn has(&self, format: Format) -> bool {
        (!self.quiet && self.format == format) || self.output.iter().any(|spec| spec.format == format)
    }
}
