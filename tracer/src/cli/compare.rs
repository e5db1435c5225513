//! `tracer compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum as _};

use super::{GateOutputArgs, duration, judgement::parse_share, share};
use crate::{
    gate::compare::{
        answer::Options,
        decision::Rule,
        metric::{Metric, Unit},
    },
    options::Family,
};

pub const EXAMPLES: &str = "\
Examples:
  tracer compare --old old/*.json --new new/*.json
                                            did the change make it worse? At least four runs a side, made in turn
  tracer compare --old old/ --new new/ --gate p99,slow --min-effect 20%
                                            other metrics decide, and smaller changes pass
  tracer compare --old-cmd ./bench-old.sh --new-cmd ./bench-new.sh --target '--pid 4088'
                                            make the runs too, in turn
  tracer compare --old old/ --new new/ -o compare.xml -o compare.md -o compare.html
                                            for a CI server, for a comment, and a page for a browser

Exit codes:
  0 no worse   1 worse   2 wrong options   3 inconclusive, with what would settle it
  4 could not read, compare or write";

/// `tracer compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Recordings from before the change, one a run: files, folders (their own *.json), - for stdin
    #[arg(long, required_unless_present = "old_cmd", requires = "new", num_args = 1.., value_name = "FILE")]
    pub old: Vec<PathBuf>,
    /// Recordings from after it
    #[arg(long, requires = "old", num_args = 1.., value_name = "FILE")]
    pub new: Vec<PathBuf>,
    /// How to make the runs, instead.
    #[command(flatten)]
    pub runs: RunsArgs,
    #[command(flatten)]
    decision: DecisionArgs,
    /// Where the results go.
    #[command(flatten)]
    pub output: GateOutputArgs,
}

/// How to make the runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Runs")]
pub struct RunsArgs {
    /// Make the runs too: a command of sh(1) that is or loads the old server
    #[arg(long, value_name = "CMD", requires = "new_cmd", conflicts_with = "old")]
    pub old_cmd: Option<String>,
    /// The same for the new one
    #[arg(long, value_name = "CMD", requires = "old_cmd")]
    pub new_cmd: Option<String>,
    /// Runs a side, made in turn, chance deciding who goes first
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100), requires = "old_cmd")]
    pub runs: u32,
    /// Look once after two thirds of the runs, and make no more if the change is worse already. Equals fail no more often for it
    #[arg(long, requires = "old_cmd")]
    pub stop_early: bool,
    /// A command of sh(1) before each run; TRACER_SIDE says which: old, new
    #[arg(long, value_name = "CMD", requires = "old_cmd")]
    pub setup: Option<String>,
    /// Whom to measure as long as the command runs: options of tracer sendfile, such as '--pid 4088'. Without it the command itself
    #[arg(long, value_name = "OPTIONS", requires = "old_cmd", allow_hyphen_values = true)]
    pub target: Option<String>,
    /// What to measure
    #[arg(long, value_name = "FAMILY", default_value = "sendfile", requires = "old_cmd")]
    pub family: Family,
    /// A new folder for the recordings and what the commands say [default: tracer-compare-TIME]
    #[arg(long, value_name = "FOLDER", requires = "old_cmd")]
    pub keep: Option<PathBuf>,
}

/// What decides.
#[derive(Debug, Args)]
#[command(next_help_heading = "Decision")]
struct DecisionArgs {
    /// The metrics that decide; all others are shown [default: p99,disk-blocked,disk-wait]
    #[arg(long, value_name = "METRIC", value_delimiter = ',')]
    gate: Option<Vec<Metric>>,
    /// From how much on a change for the worse counts
    #[arg(long, value_name = "SHARE", default_value = "10%", value_parser = parse_share, allow_hyphen_values = true)]
    min_effect: f64,
    /// A smaller difference than this never counts; repeatable. Defaults: p50 to max 500ns, slow and disk-blocked 0.01%, disk-wait 100ns a call
    #[arg(long, value_name = "METRIC=VALUE", value_parser = parse_floor)]
    floor: Vec<(Metric, f64)>,
    /// Decide although the runs were not made in turn: nothing but the change was different meanwhile
    #[arg(long)]
    assume_exchangeable: bool,
    /// Chooses the orders of the runs that are tried, where there are too many to try all; and who goes first, where runs are made
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl CompareArgs {
    /// What chooses who goes first, if the user says so.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        self.decision.seed
    }

    /// How to compare.
    #[must_use]
    pub fn options(&self) -> Options {
        let decision = &self.decision;
        Options {
            gates: decision.gate.clone(),
            rule: Rule { worse_from: 1.0 + decision.min_effect, ..Rule::default() },
            floors: decision.floor.clone(),
            assume_exchangeable: decision.assume_exchangeable,
            seed: decision.seed.unwrap_or(1),
        }
    }
}

/// `p99=2us`, `disk-blocked=0.05%`, `behind=10`.
fn parse_floor(text: &str) -> Result<(Metric, f64), String> {
    let (name, value) = text.split_once('=').ok_or("write METRIC=VALUE, such as p99=2us or disk-blocked=0.05%")?;
    let metric = Metric::from_str(name, false).map_err(|_| {
        let names: Vec<_> = Metric::value_variants().iter().map(|metric| metric.name()).collect();
        format!("{name:?} is no metric: one of {}", names.join(", "))
    })?;
    let value = match metric.unit() {
        Unit::Ns | Unit::NsPerCall | Unit::NsPerSecond => duration::as_ns(duration::parse(value)?) as f64,
        Unit::Fraction => share::parse(value)?,
        Unit::PerSecond => {
            let number = value.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
            number.ok_or_else(|| format!("{value:?} is not a number above 0"))?
        }
    };
    Ok((metric, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_are_in_the_units_of_their_metrics() {
        assert_eq!(parse_floor("p99=2us"), Ok((Metric::P99, 2000.0)));
        assert_eq!(parse_floor("p99.9=1ms"), Ok((Metric::P999, 1e6)));
        assert_eq!(parse_floor("disk-blocked=0.05%"), Ok((Metric::DiskBlocked, 0.0005)));
        assert_eq!(parse_floor("disk-wait=200ns"), Ok((Metric::DiskWait, 200.0)));
        assert_eq!(parse_floor("behind=10"), Ok((Metric::Behind, 10.0)));
        for bad in ["p99", "p98=1us", "p99=-1us", "disk-blocked=200%", "behind=x", "behind=nan", "p99="] {
            assert!(parse_floor(bad).is_err(), "{bad}");
        }
    }
}
