//! Where results go: `FILE` with the format of its extension, or `FORMAT:FILE`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};

/// Where the results go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// What to print on stdout
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Write to a file too, whole or not at all; repeatable. The format is the extension's (.json, .jsonl, .txt, .html, .folded, .md, .prom, .om, .hlog) or FORMAT:FILE. A .jsonl grows by whole lines
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<OutputSpec>,
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

impl Format {
    /// What names of files in this form end in; the first is the usual one.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
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

    fn of_extension(extension: &str) -> Option<Self> {
        Self::value_variants().iter().copied().find(|format| format.extensions().contains(&extension))
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

    /// As the user writes it.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().into())
    }
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputSpec {
    /// In which form.
    pub format: Format,
    /// Where.
    pub path: PathBuf,
}

impl FromStr for OutputSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((format, path)) = text.split_once(':')
            && let Ok(format) = Format::from_str(format, true)
        {
            return Self::new(format, path.into());
        }
        let path = PathBuf::from(text);
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.and_then(Format::of_extension) {
            Some(format) => Self::new(format, path),
            None => Err(unknown_format()),
        }
    }
}

impl OutputArgs {
    /// Whether a result has this format.
    #[must_use]
    pub fn has(&self, format: Format) -> bool {
        (!self.quiet && self.format == format) || self.output.iter().any(|spec| spec.format == format)
    }
}

/// What to write instead of a name that does not tell its format.
fn unknown_format() -> String {
    let extensions: Vec<_> = Format::value_variants().iter().flat_map(|format| format.extensions()).collect();
    let (last, others) = extensions.split_last().expect("some formats have extensions");
    let others: Vec<_> = others.iter().map(|extension| format!(".{extension}")).collect();
    format!(
        "cannot tell the format: end the name in {} or .{last}, or write FORMAT:FILE, such as json:FILE",
        others.join(", ")
    )
}

impl OutputSpec {
    fn new(format: Format, path: PathBuf) -> Result<Self, String> {
        if path.as_os_str().is_empty() { Err("no file name".into()) } else { Ok(Self { format, path }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_or_the_prefix_gives_the_format() {
        let spec = |format, path: &str| Ok(OutputSpec { format, path: path.into() });
        assert_eq!("a.json".parse(), spec(Format::Json, "a.json"));
        assert_eq!("table:a.json".parse(), spec(Format::Table, "a.json"));
        assert_eq!("a.md".parse(), spec(Format::Markdown, "a.md"));
        assert_eq!("a.prom".parse(), spec(Format::Openmetrics, "a.prom"));
        assert_eq!("a.om".parse(), spec(Format::Openmetrics, "a.om"));
        assert_eq!("a.hlog".parse(), spec(Format::Hlog, "a.hlog"));
        assert_eq!("bpftrace:a".parse(), spec(Format::Bpftrace, "a"));
        assert_eq!("json:/dev/stdout".parse(), spec(Format::Json, "/dev/stdout"));
        assert_eq!("dir:1/a.txt".parse(), spec(Format::Table, "dir:1/a.txt"));
        assert_eq!("a.html".parse(), spec(Format::Html, "a.html"));
        assert_eq!("html:a".parse(), spec(Format::Html, "a"));
        let unknown = "a.xyz".parse::<OutputSpec>().unwrap_err();
        assert!(
            unknown.contains("in .txt, .json, .html, .jsonl, .folded, .md, .prom, .om or .hlog, or write"),
            "{unknown}"
        );
        assert!("json:".parse::<OutputSpec>().is_err());
    }
}
