//! `cargo xtask test`: every check and every test, in order, with one sum at the end.

mod counts;
pub mod privileged;
mod skips;
mod steps;
mod summary;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

pub use self::counts::{Counts, run_tests};
use self::skips::Skips;
use self::summary::Line;
use crate::command::Run;
use crate::workspace::Workspace;

/// One headed section of the run.
struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&Context) -> Result<Counts>,
}

/// What the steps share.
struct Context<'a> {
    workspace: &'a Workspace,
    /// The file that tests append to when they cannot run.
    skips: Skips,
    /// In CI nobody reads about skips: there each is a failure.
    in_ci: bool,
}

impl Context<'_> {
    /// The cargo of this task, in the workspace.
    fn cargo(&self) -> Run {
        Run::cargo().current_dir(&self.workspace.root)
    }
}

/// What `--only` takes.
pub fn step_names() -> Vec<&'static str> {
    steps::ALL.iter().map(|step| step.name).collect()
}

/// Runs every step, or the one that is named, and sums up. A failed step does not keep the next from running.
pub fn run(workspace: &Workspace, only: Option<&str>) -> Result<ExitCode> {
    heed_interrupts();
    let context = Context { workspace, skips: Skips::create(&workspace.target)?, in_ci: in_ci() };
    let lines: Vec<_> = steps::ALL
        .iter()
        .filter(|step| only.is_none_or(|only| only == step.name))
        .map(|step| perform(step, &context))
        .collect();
    let total: Counts = lines.iter().map(|line| line.counts).sum();
    summary::print(&lines, &context.skips.all()?, context.in_ci, total);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Who starts this in the background makes it ignore interrupts, as shells do (POSIX, Shell Command Language, 2.11), and
/// so every program that a test starts to interrupt it.
fn heed_interrupts() {
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: the default action is no function of ours, and nothing else here changes what signals do.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

fn perform(step: &Step, context: &Context) -> Line {
    println!("\n=== {}: {} ===", step.name, step.what);
    let start = Instant::now();
    let result = (step.run)(context).and_then(|counts| with_skips(counts, context));
    let (counts, error) = match result {
        Ok(counts) => (counts, None),
        Err(error) => (Counts::one_failed(), Some(format!("{error:#}"))),
    };
    if let Some(error) = &error {
        eprintln!("error: {error}");
    }
    let line = Line { name: step.name, counts, duration: start.elapsed(), error };
    println!("--- {}: {} in {:.1} s", line.name, line.counts, line.duration.as_secs_f64());
    line
}

/// To libtest a test that reported a skip has passed.
fn with_skips(mut counts: Counts, context: &Context) -> Result<Counts> {
    let skipped = context.skips.count_new()?;
    counts.passed = counts.passed.saturating_sub(skipped);
    counts.skipped += skipped;
    if context.in_ci {
        counts.failed += std::mem::take(&mut counts.skipped);
    }
    Ok(counts)
}

/// For a step that has no tests of its own.
fn one(result: Result<()>) -> Result<Counts> {
    result.map(|()| Counts { passed: 1, ..Counts::default() })
}

fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// A target of the tests package that every checkout has.
pub fn require_target(workspace: &Workspace, name: &str) -> Result<()> {
    if !workspace.test_targets.iter().any(|target| target == name) {
        bail!("the package {} has no test target {name}", crate::workspace::TESTS_PACKAGE);
    }
    Ok(())
}
