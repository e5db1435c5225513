//! `cargo xtask vm`: the kernel tests on other kernels, in virtual machines.

mod apt;
mod boot;
mod disk;
mod images;
mod kernels;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};

use self::disk::Contents;
use self::kernels::Kernel;
use crate::command::Run;
use crate::test::privileged;
use crate::workspace::{TESTS_PACKAGE, Workspace};

/// How long one kernel may take.
const LIMIT: Duration = Duration::from_secs(900);

/// What the person asks for.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Which kernels; all unless some are named
    #[arg(value_name = "KERNEL", value_parser = kernels::versions())]
    kernels: Vec<String>,
    /// Run only the tests whose names contain this
    #[arg(long, value_name = "TEST")]
    tests: Vec<String>,
}

/// Runs the tests on each kernel.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let binaries = ["build", "--locked", "--bins", "--package", "tracer", "--package", TESTS_PACKAGE];
    Run::cargo().args(binaries).current_dir(&workspace.root).status()?;
    let tests = privileged::Tests::build(workspace, privileged::KERNEL)?;
    let built = workspace.target.join("debug");
    let mut failed = false;
    for kernel in kernels::chosen(&options.kernels) {
        let mut arguments = vec!["--test-threads=1".to_owned()];
        arguments.extend(options.tests.iter().cloned());
        let contents = Contents {
            tracer: &built.join("tracer"),
            workload: &built.join("workload"),
            kernel_tests: tests.executable(),
            arguments: &arguments,
        };
        failed |= run_on(workspace, kernel, &contents)? != 0;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn run_on(workspace: &Workspace, kernel: &Kernel, contents: &Contents<'_>) -> Result<i32> {
    let image = images::fetch(workspace, kernel)?;
    let directory = workspace.target.join("vm").join(kernel.version);
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let disk = disk::make(&directory, contents, &image)?;
    boot::run(&image, &disk, &directory, LIMIT, |line| println!("{}: {line}", kernel.version))
}
