//! `cargo xtask vm`: the kernel tests on other kernels, in virtual machines.

mod boot;
mod build;
mod disk;
mod images;
mod kernels;
mod matrix;
mod results;
pub mod selection;
mod userland;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::build::Built;
use self::disk::Contents;
use self::kernels::Kernel;
use self::results::{KernelResult, Reader};
use crate::page::Place;
use crate::test::Counts;
use crate::workspace::Workspace;

/// Where the tables are kept.
const PAGE: Place = Place { page: "docs/kernels.md", task: "cargo xtask vm --update-docs" };

/// Where the reports of doctor are kept.
const REPORTS: &str = "docs/kernels";

/// How long one kernel may take with the tests that are chosen for it, or with all.
const LIMIT: Duration = Duration::from_secs(900);
const LIMIT_OF_ALL: Duration = Duration::from_secs(7200);

/// Virtual machines at the same time: each keeps a processor busy.
const AT_ONCE: usize = 2;

/// What the person asks for.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Which kernels; all, unless some are named
    #[arg(value_name = "KERNEL", value_parser = kernels::names())]
    kernels: Vec<String>,
    /// Run the tests whose names contain this; `--tests ''` runs all of them, for an hour
    #[arg(long, value_name = "NAME")]
    tests: Vec<String>,
    /// Run nothing: write the tables of docs/kernels.md and what doctor says anew, from the latest results of each kernel
    #[arg(long, conflicts_with_all = ["tests", "kernels"])]
    update_docs: bool,
}

/// Runs the tests, and shows what came of them.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    if options.update_docs {
        update_docs(workspace)?;
        return Ok(ExitCode::SUCCESS);
    }
    let counts = test(workspace, options)?;
    Ok(if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the tests, and counts them over all kernels. A kernel that broke off is one failure.
fn test(workspace: &Workspace, options: &Options) -> Result<Counts> {
    let chosen = kernels::chosen(&options.kernels);
    let built = Built::for_all(workspace, &chosen)?;
    let limit = if options.tests.is_empty() { LIMIT } else { LIMIT_OF_ALL };
    let outcomes = on_each(&chosen, |kernel| {
        let arguments: Vec<_> = match options.tests.is_empty() {
            true => kernel.tests.iter().map(|test| (*test).to_owned()).collect(),
            false => options.tests.clone(),
        };
        let built = built.iter().find(|built| built.arch == kernel.arch).context("each processor was built for")?;
        let contents = Contents {
            userland: &userland::fetch(workspace, kernel.arch)?,
            tracer: &built.tracer,
            workload: &built.workload,
            kernel_tests: &built.kernel_tests,
            arguments: &arguments,
            without: selection::WITHOUT,
        };
        run_on(workspace, kernel, &contents, limit)
    });
    let mut counts = Counts::default();
    println!();
    for (kernel, outcome) in outcomes {
        let of_kernel = match &outcome {
            Ok(result) => result.counts(),
            Err(_) => Counts::one_failed(),
        };
        match outcome {
            Ok(result) => {
                println!("{:20} {of_kernel}  ({})", kernel.name, result.doctor.host.kernel);
                // Of other tests than those that are chosen no table is made.
                if options.tests.is_empty() {
                    result.write(&directory_of(workspace, kernel))?;
                }
            }
            Err(error) => println!("{:20} {of_kernel}  {error:#}", kernel.name),
        }
        counts = [counts, of_kernel].into_iter().sum();
    }
    Ok(counts)
}

fn update_docs(workspace: &Workspace) -> Result<()> {
    let results = results(workspace).collect::<Result<Vec<_>>>()?;
    PAGE.write(workspace, &matrix::markdown(&results))?;
    results.iter().try_for_each(|result| result.write_report(&workspace.path(REPORTS)))
}

/// The last results of each kernel.
fn results(workspace: &Workspace) -> impl Iterator<Item = Result<KernelResult>> {
    kernels::ALL.iter().map(|kernel| KernelResult::read(&directory_of(workspace, kernel)))
}

/// Those that there are of kernels that were started as they are.
pub fn kept(workspace: &Workspace) -> Vec<KernelResult> {
    let plain = kernels::ALL.iter().filter(|kernel| kernel.is_plain());
    plain.filter_map(|kernel| KernelResult::read(&directory_of(workspace, kernel)).ok()).collect()
}

/// Runs `work` on each kernel, some at the same time; the outcomes are in the kernels' order.
fn on_each<T: Send>(
    kernels: &[&'static Kernel],
    work: impl Fn(&'static Kernel) -> T + Sync,
) -> Vec<(&'static Kernel, T)> {
    let next = Mutex::new(kernels.iter().enumerate());
    let outcomes = Mutex::new(Vec::new());
    let take = || next.lock().expect("nobody panics while it is held").next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((index, kernel)) = take() {
                    let outcome = work(kernel);
                    outcomes.lock().expect("nobody panics while it is held").push((index, (*kernel, outcome)));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("nobody panics while it is held");
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Where a kernel's results are kept.
fn directory_of(workspace: &Workspace, kernel: &Kernel) -> PathBuf {
    workspace.target.join("vm").join(kernel.name)
}

fn run_on(workspace: &Workspace, kernel: &Kernel, contents: &Contents<'_>, limit: Duration) -> Result<KernelResult> {
    let image = images::fetch(workspace, kernel)?;
    let directory = directory_of(workspace, kernel);
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let disk = disk::make(&directory, contents, &image)?;
    let mut reader = Reader::default();
    let ended = boot::run(kernel, &image, &disk, &directory, limit, |line| {
        println!("{:9} {line}", kernel.name);
        reader.line(line);
    });
    fs::remove_file(&disk).with_context(|| format!("cannot remove {}", disk.display()))?;
    let written = ended?;
    let (doctor, report) = results::read_doctor(&written.doctor)?;
    let result = KernelResult {
        version: kernel.name.to_owned(),
        package: image.package().unwrap_or_default(),
        tests: reader.finish(),
        doctor,
        report,
    };
    match result.counts() {
        counts if counts == Counts::default() => bail!("no test ran"),
        counts if written.exit_code != 0 && counts.failed == 0 => {
            bail!("the tests broke off: exit code {}", written.exit_code)
        }
        _ => Ok(result),
    }
}
