//! One comparison, as a user makes it, and what is taken from its JSON.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use tests::{nginx::Nginx, tracer::binary};

/// What is taken from the JSON of a comparison.
#[derive(Deserialize)]
pub struct Comparison {
    /// `pass`, `fail` or `inconclusive`.
    pub outcome: String,
    /// The old runs.
    pub old: Vec<Run>,
    /// The new ones.
    pub new: Vec<Run>,
    /// All metrics, also those that do not decide.
    pub metrics: Vec<Metric>,
}

/// A run.
#[derive(Deserialize)]
pub struct Run {
    /// How long its window was open.
    pub duration_ns: u64,
}

/// A metric of both sides.
#[derive(Deserialize)]
pub struct Metric {
    /// Its name.
    pub metric: String,
    /// Whether it decides.
    pub gates: bool,
    /// The figures of the old runs; `None` where not known.
    pub old: Vec<Option<f64>>,
    /// The figures of the new ones, likewise.
    pub new: Vec<Option<f64>>,
    /// What they come to; `None` if one is not known.
    pub weighed: Option<Weighed>,
}

/// What figures come to.
#[derive(Deserialize)]
pub struct Weighed {
    /// How many times the old figure the new one is (Hodges and Lehmann); `None` if the old runs have 0.
    pub ratio: Option<f64>,
    /// Where it lies with 95 %; an end is `None` where it has no bound.
    pub ratio_interval: Option<(Option<f64>, Option<f64>)>,
}

/// Runs a side.
pub const RUNS: usize = 7;

/// Has tracer make the runs, of the same server under the same load on both sides.
pub fn make(nginx: &Nginx, seed: u64) -> Result<Comparison> {
    let this = std::env::current_exe().context("the path of this program")?;
    let load = format!("'{}' load {}", this.display(), nginx.port());
    let prepare = format!("'{}' prepare '{}'", this.display(), nginx.root().display());
    let kept = tempfile::tempdir().context("cannot make a folder for the runs")?;
    let mut compare = Command::new(binary());
    compare.args(["compare", "--format", "json", "--runs", &RUNS.to_string(), "--seed", &seed.to_string()]);
    compare.args(["--old-cmd", &load, "--new-cmd", &load, "--setup", &prepare]);
    compare.args(["--target", &format!("--pid {}", nginx.worker())]);
    compare.arg("--keep").arg(kept.path().join("runs"));
    let output = compare.output().context("starting tracer")?;
    // Passed, failed, inconclusive.
    let decided = matches!(output.status.code(), Some(0 | 1 | 3));
    ensure!(decided, "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("reading what tracer compare printed")
}
