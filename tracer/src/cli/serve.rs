//! The command line of the exporter.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{duration, judgement::JudgementArgs, target::TargetArgs};
use crate::{
    options::{Family, Measurement},
    serve::listen::Address,
};

pub const EXAMPLES: &str = "\
Examples:
  tracer serve --all                        everybody, on http://127.0.0.1:10435/metrics
  tracer serve --unit nginx --unit kafka    two services, also after they have been started again
  tracer serve --comm 'ngi*' --with pagecache --listen unix:/run/tracer.sock
  tracer serve --all --listen 0.0.0.0:10435 --web-config web.yml
                                            with certificates and passwords

Exit codes:
  0 ended by SIGTERM or SIGINT   2 wrong options   4 could not listen or measure";

/// `tracer serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Where to listen: an address with a port, or unix:PATH; what systemd has opened takes its place
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10435", help_heading = "Web")]
    pub listen: Address,
    /// Certificates and passwords, in the file format of Prometheus' exporters
    #[arg(long, value_name = "FILE", help_heading = "Web")]
    pub web_config: Option<PathBuf>,
    /// How long a window is: verdicts and recordings are of one
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = duration::parse_interval, allow_hyphen_values = true, help_heading = "Window")]
    window: Duration,
    /// What else to measure at the same time
    #[arg(long, value_name = "FAMILIES", value_delimiter = ',', help_heading = "Window")]
    with: Vec<Family>,
    #[command(flatten)]
    judgement: JudgementArgs,
    /// Threads that get a row of their own; all others are told as one
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    pub top: usize,
    /// Say on stderr what was tried, and why
    #[arg(short, long, help_heading = "Output")]
    verbose: bool,
}

impl ServeArgs {
    /// The measurement that the user asks for.
    #[must_use]
    pub fn measurement(&self) -> Measurement {
        let mut target = self.target.target();
        // A cgroup that is not there yet will be; a process with the name is met whenever it comes.
        target.wait = !(target.cgroups.is_empty() && target.units.is_empty());
        let mut measurement = Measurement::new(Family::Sendfile, target, self.verbose);
        for &family in &self.with {
            if !measurement.families.contains(&family) {
                measurement.families.push(family);
            }
        }
        self.judgement.apply(&mut measurement);
        measurement.duration = Some(self.window);
        measurement.outlives_target = true;
        measurement
    }
}
