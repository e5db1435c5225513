//! `cargo xtask gate-study`: how often `tracer compare` is wrong, by simulation; and what it says of a real nginx and itself.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::{
    command::Run,
    page::Place,
    privilege::Root,
    workspace::{TESTS_PACKAGE, Workspace},
};

/// What cargo calls it, and its folder.
type Profile = (&'static str, &'static str);
/// For what takes minutes of computing.
const RELEASE: Profile = ("release", "release");
/// For what waits for servers: the tracer that the tests run.
const DEBUG: Profile = ("dev", "debug");

/// What the study takes.
#[derive(clap::Args)]
pub struct Options {
    /// Comparisons [default: 2000 of each kind; 20 of nginx]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    comparisons: Option<u32>,
    /// Chooses the runs, or the order of those of nginx [default: the commit]
    #[arg(long)]
    seed: Option<u64>,
    /// Only kinds whose name contains this
    #[arg(long, default_value = "", conflicts_with = "update_docs")]
    only: String,
    /// Instead: comparisons that look once before all runs are made
    #[arg(long)]
    stop_early: bool,
    /// Instead: real runs, of nginx on both sides; takes ten minutes and needs root
    #[arg(long, conflicts_with_all = ["stop_early", "only"])]
    nginx: bool,
    /// Put the table into docs/gates.md
    #[arg(long)]
    update_docs: bool,
}

/// Makes the comparisons, and prints the table.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let seed = match options.seed {
        Some(seed) => seed,
        None => of_commit(workspace)?,
    };
    let study = if options.nginx { nginx(workspace, options)? } else { simulation(workspace, options)? };
    let mut table = String::new();
    let ended = study.args(["--seed", &seed.to_string()]).for_each_line(|line| {
        println!("{line}");
        table.push_str(line);
        table.push('\n');
    })?;
    anyhow::ensure!(ended.success(), "the study ended with {ended}");
    if options.update_docs { options.place().write(workspace, &table) } else { Ok(()) }
}

impl Options {
    fn place(&self) -> Place {
        let task = match self {
            Self { nginx: true, .. } => "cargo xtask gate-study --nginx --update-docs",
            Self { stop_early: true, .. } => "cargo xtask gate-study --stop-early --update-docs",
            _ => "cargo xtask gate-study --update-docs",
        };
        Place { page: "docs/gates.md", task }
    }
}

fn simulation(workspace: &Workspace, options: &Options) -> Result<Run> {
    let study = Run::new(built(workspace, RELEASE, TESTS_PACKAGE, "gate-study")?);
    let comparisons = options.comparisons.unwrap_or(2000).to_string();
    let study = study.args(["--comparisons", &comparisons, "--only", &options.only]);
    Ok(study.args(options.stop_early.then_some("--stop-early")))
}

fn nginx(workspace: &Workspace, options: &Options) -> Result<Run> {
    let root = Root::asking()?;
    let tracer = built(workspace, DEBUG, "tracer", "tracer")?;
    let study = Run::new(built(workspace, DEBUG, TESTS_PACKAGE, "nginx-against-itself")?);
    let comparisons = options.comparisons.unwrap_or(20).to_string();
    Ok(study.args(["study", "--comparisons", &comparisons]).env("TRACER_BINARY", tracer).through(root))
}

fn built(workspace: &Workspace, (profile, folder): Profile, package: &str, program: &str) -> Result<PathBuf> {
    let build = ["build", "--profile", profile, "--locked", "--package", package, "--bin", program];
    Run::cargo().args(build).current_dir(&workspace.root).status()?;
    Ok(workspace.target.join(folder).join(program))
}

/// A number that nobody chose: the beginning of the commit's.
fn of_commit(workspace: &Workspace) -> Result<u64> {
    let commit = Run::new("git").args(["rev-parse", "HEAD"]).current_dir(&workspace.root).capture()?;
    let beginning = commit.get(..12).context("git names no commit")?;
    u64::from_str_radix(beginning, 16).context("git names no commit")
}
