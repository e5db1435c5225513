//! nginx against itself: what does `tracer compare` say of two sides that are the same, where nobody had to imagine how runs
//! scatter? Nothing is asserted. Needs root and nginx; `cargo xtask gate-study --nginx` runs it.
#![expect(clippy::print_stdout, reason = "what it says is its result")]

mod comparison;
mod report;
mod served;

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use tests::{disk::LoopDisk, nginx::Nginx};

use crate::report::Report;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Compare nginx with itself, and print what came of it
    Study {
        /// Comparisons
        #[arg(long)]
        comparisons: u32,
        /// Chooses who goes first in each pair of runs
        #[arg(long)]
        seed: u64,
    },
    /// What `tracer compare` calls before each run: puts the files of this folder into memory, or out of it
    Prepare { root: PathBuf },
    /// What it calls as the run: the same requests to this port each time
    Load { port: u16 },
}

fn main() -> Result<()> {
    match Arguments::parse().step {
        Step::Study { comparisons, seed } => study(comparisons, seed),
        Step::Prepare { root } => served::prepare(&root),
        Step::Load { port } => served::load(port),
    }
}

fn study(comparisons: u32, seed: u64) -> Result<()> {
    let disk = LoopDisk::mount();
    served::write(disk.path())?;
    let nginx = Nginx::serving(disk.path(), "access_log off;");
    // The program's own code is read in now.
    served::prepare(disk.path())?;
    served::load(nginx.port())?;
    let load_before = load_average()?;
    report::heading(comparisons, seed);
    let mut report = Report::default();
    for number in 1..=comparisons {
        let compared = comparison::make(&nginx, seed.wrapping_add(number.into()))?;
        report.row(number, compared);
    }
    report.end(Range { start: load_before, end: load_average()? });
    Ok(())
}

/// How many tasks ran or wanted to, on average over the last five minutes.
fn load_average() -> Result<f64> {
    let path = Path::new("/proc/loadavg");
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let average = text.split_whitespace().nth(1).and_then(|average| average.parse().ok());
    average.with_context(|| format!("{} has no averages: {text}", path.display()))
}
