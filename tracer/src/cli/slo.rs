//! The command line of what is made of service-level objectives.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub const EXAMPLES: &str = "\
Examples:
  tracer slo rules slo.yaml                 rules and alerts over the metrics of `tracer serve`
  tracer slo rules slo.yaml -o tracer-slo.rules.yml
                                            a file that prometheus.yml names under rule_files
  tracer slo rules slo.yaml --job brokers   where the exporters are scraped under another name

Exit codes:
  0 written   2 wrong options   4 an objective cannot be read or no alert can be made for it, or could not write";

/// `tracer slo`.
#[derive(Debug, Args)]
pub struct SloArgs {
    /// What to make of them.
    #[command(subcommand)]
    pub command: SloCommand,
}

/// What can be made of objectives.
#[derive(Debug, Subcommand)]
pub enum SloCommand {
    /// Recording and alerting rules of Prometheus
    #[command(after_long_help = EXAMPLES)]
    Rules(RulesArgs),
}

/// `tracer slo rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Service-level objectives: files of OpenSLO, as `tracer check --slo` takes them
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// What Prometheus calls the exporters (job_name in its configuration)
    #[arg(long, value_name = "NAME", default_value = "tracer")]
    pub job: String,
    /// Write this file, whole or not at all, and nothing on stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
