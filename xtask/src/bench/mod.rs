//! `cargo xtask bench`: what tracer costs, as ratios within one run. Never a pass or a fail: speed depends on the
//! machine, and on what else it does.

mod bpf;
mod measure;
mod programs;
mod recordings;
mod results;
mod settings;
mod statistics;
mod table;
mod work;

use anyhow::{Context, Result};

use self::results::Results;
use crate::command::Run;
use crate::page::Place;
use crate::privilege::Root;
use crate::workspace::Workspace;

/// Where tracefs is looked for, and mounted.
const TRACEFS: &str = "/sys/kernel/tracing";

/// The page that tells what tracer costs.
const PLACE: Place = Place { page: "docs/overhead.md", task: "cargo xtask bench --update-docs" };

/// `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// How often each thing is measured
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Measure this work alone; may be given several times
    #[arg(long, value_enum, conflicts_with = "update_docs")]
    only: Vec<work::Work>,
    /// Instead: how long the largest recordings take to be written and reported; needs no root
    #[arg(long, conflicts_with_all = ["rounds", "only"])]
    recordings: bool,
    /// Write the tables into docs/overhead.md, or those of recordings into docs/recording.md
    #[arg(long)]
    update_docs: bool,
}

/// What the bench starts itself as.
#[derive(Debug, clap::Subcommand)]
pub enum Step {
    /// Measures, as root.
    #[command(name = "bench-measure", hide = true)]
    Measure(measure::Arguments),
    /// Works, to be measured.
    #[command(name = "bench-worker", hide = true)]
    Worker(work::Arguments),
}

/// A step of the bench.
pub fn step(step: &Step) -> Result<()> {
    match step {
        Step::Measure(arguments) => measure::run(arguments),
        Step::Worker(arguments) => work::run(arguments),
    }
}

/// Builds tracer, measures it, keeps every figure in target/bench and prints the tables.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.recordings {
        return recordings::run(workspace, options.update_docs);
    }
    let root = Root::asking()?;
    Run::cargo()
        .args(["build", "--locked", "--release", "--package", "tracer", "--bin", "tracer"])
        .current_dir(&workspace.root)
        .status()?;
    let json = Run::new(std::env::current_exe().context("cannot find this program")?)
        .args(["bench-measure", "--rounds", &options.rounds.to_string()])
        .args(options.only.iter().flat_map(|work| ["--only", work.word()]))
        .arg("--tracer")
        .arg(workspace.target.join("release/tracer"))
        .through(root)
        .capture()?;
    let results: Results = serde_json::from_str(&json).context("the bench wrote no results")?;
    let directory = workspace.target.join("bench");
    std::fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let file = directory.join(format!("{}-{}.json", results.date, results.machine.kernel));
    std::fs::write(&file, &json).with_context(|| format!("cannot write {}", file.display()))?;
    println!("{}", table::markdown(&results));
    println!("bench: every figure is in {}", file.display());
    if options.update_docs {
        PLACE.write(workspace, &table::markdown(&results))?;
    }
    Ok(())
}
