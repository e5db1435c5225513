//! `cargo xtask gate-study`: how often `tracer compare` is wrong, by simulation.

use anyhow::{Context as _, Result};

use crate::{
    command::Run,
    page::Place,
    workspace::{TESTS_PACKAGE, Workspace},
};

const PLACE: Place = Place { page: "docs/gates.md", task: "cargo xtask gate-study --update-docs" };
const EARLY: Place = Place { page: "docs/gates.md", task: "cargo xtask gate-study --stop-early --update-docs" };

/// What the study takes.
#[derive(clap::Args)]
pub struct Options {
    /// Comparisons of each kind
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    comparisons: u32,
    /// Chooses the runs [default: the commit]
    #[arg(long)]
    seed: Option<u64>,
    /// Only kinds whose name contains this
    #[arg(long, default_value = "", conflicts_with = "update_docs")]
    only: String,
    /// Instead: comparisons that look once before all runs are made
    #[arg(long)]
    stop_early: bool,
    /// Put the table into docs/gates.md
    #[arg(long)]
    update_docs: bool,
}

/// Simulates, and prints the table.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let build = ["build", "--release", "--locked", "--package", TESTS_PACKAGE, "--bin", "gate-study"];
    Run::cargo().args(build).current_dir(&workspace.root).status()?;
    let seed = match options.seed {
        Some(seed) => seed,
        None => of_commit(workspace)?,
    };
    let mut table = String::new();
    let study = Run::new(workspace.target.join("release/gate-study"))
        .args(["--comparisons", &options.comparisons.to_string(), "--seed", &seed.to_string()])
        .args(["--only", &options.only])
        .args(options.stop_early.then_some("--stop-early"));
    let ended = study.for_each_line(|line| {
        println!("{line}");
        table.push_str(line);
        table.push('\n');
    })?;
    anyhow::ensure!(ended.success(), "the study ended with {ended}");
    let place = if options.stop_early { EARLY } else { PLACE };
    if options.update_docs { place.write(workspace, &table) } else { Ok(()) }
}

/// A number that nobody chose: the beginning of the commit's.
fn of_commit(workspace: &Workspace) -> Result<u64> {
    let commit = Run::new("git").args(["rev-parse", "HEAD"]).current_dir(&workspace.root).capture()?;
    let beginning = commit.get(..12).context("git names no commit")?;
    u64::from_str_radix(beginning, 16).context("git names no commit")
}
