//! Where the results of a gate go.

use clap::{Arg, Args, ValueEnum};

use super::{
    output::ColorChoice,
    output_spec::{FileFormat, Offer, OutputSpec},
};
use crate::gate::outcome::Outcome;

/// Where the results of a gate go, and what a job that must choose makes of an inconclusive one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct GateOutputArgs {
    /// What to print on stdout. In GitHub Actions a table is followed by workflow commands, which annotate the run
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub format: GateFormat,
    /// Write to a file too, whole or not at all; repeatable. The format is the extension's (.txt, .md, .json, .xml, .html) or FORMAT:FILE
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<OutputSpec<GateFormat>>,
    /// What an inconclusive result is to the job: pass (exit 0) or fail (exit 1); without it exit 3
    #[arg(long, value_name = "OUTCOME")]
    pub on_inconclusive: Option<OnInconclusive>,
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

impl GateOutputArgs {
    /// What the job takes an inconclusive result for; `None`: for what it is.
    #[must_use]
    pub fn instead(&self) -> Option<Outcome> {
        self.on_inconclusive.map(OnInconclusive::outcome)
    }
}

/// What an inconclusive result is to a job that must choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnInconclusive {
    /// As if it had passed.
    Pass,
    /// As if it had failed.
    Fail,
}

impl OnInconclusive {
    fn outcome(self) -> Outcome {
        match self {
            Self::Pass => Outcome::Pass,
            Self::Fail => Outcome::Fail,
        }
    }
}

/// A form of what a gate found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GateFormat {
    /// The answer that people read.
    Table,
    /// A summary for a pull-request comment.
    Markdown,
    /// All of it, for programs.
    Json,
    /// A test suite, as CI servers read it.
    Junit,
    /// Workflow commands of GitHub: they annotate a run.
    Github,
    /// What github-action-benchmark reads: customSmallerIsBetter.
    BenchmarkAction,
    /// Bencher Metric Format.
    Bmf,
    /// The page for a browser, in one file.
    Html,
}

impl FileFormat for GateFormat {
    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Table => &["txt"],
            Self::Markdown => &["md"],
            Self::Json => &["json"],
            Self::Junit => &["xml"],
            Self::Html => &["html"],
            // Two are JSON, but not the answer itself; the commands are lines of a log.
            Self::Github | Self::BenchmarkAction | Self::Bmf => &[],
        }
    }
}

/// What a command offers that has no page for a browser. For its arguments:
/// `#[command(mut_arg("format", gate_output::without_page), mut_arg("output", gate_output::files_without_page))]`.
const WITHOUT_PAGE: Offer<GateFormat> =
    Offer { has: |format| !matches!(format, GateFormat::Html), refusal: "there is no page of it; take md or json" };

/// `--format` of a command that has no page for a browser.
#[must_use]
pub fn without_page(format: Arg) -> Arg {
    WITHOUT_PAGE.for_stdout(format)
}

/// `--output` of a command that has no page for a browser.
#[must_use]
pub fn files_without_page(output: Arg) -> Arg {
    WITHOUT_PAGE.for_files(output)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Page {
        #[command(flatten)]
        output: GateOutputArgs,
    }

    #[derive(Debug, Parser)]
    #[command(mut_arg("format", without_page), mut_arg("output", files_without_page))]
    struct NoPage {
        #[command(flatten)]
        output: GateOutputArgs,
    }

    #[test]
    fn a_job_that_chooses_nothing_leaves_it_inconclusive() {
        Page::command().debug_assert();
        let instead = |words: &str| Page::try_parse_from(words.split(' ')).unwrap().output.instead();
        assert_eq!(instead("gate"), None);
        assert_eq!(instead("gate --on-inconclusive pass"), Some(Outcome::Pass));
        assert_eq!(instead("gate --on-inconclusive fail"), Some(Outcome::Fail));
    }

    #[test]
    fn what_has_no_page_neither_offers_nor_takes_it() {
        NoPage::command().debug_assert();
        assert!(Page::try_parse_from(["gate", "-f", "html", "-o", "a.html"]).is_ok());
        let parsed = NoPage::try_parse_from(["gate", "-f", "bmf", "-o", "a.xml"]).unwrap().output;
        assert_eq!((parsed.format, parsed.output[0].format), (GateFormat::Bmf, GateFormat::Junit));
        let refused = |words: &str| NoPage::try_parse_from(words.split(' ')).unwrap_err().to_string();
        assert!(refused("gate -o a.html").contains("take md or json"));
        assert!(refused("gate -o html:a").contains("take md or json"));
        assert!(refused("gate -f html").contains("[possible values: table, markdown, json, junit, github, "));
        assert!(!refused("gate --help").contains("html"));
    }
}
