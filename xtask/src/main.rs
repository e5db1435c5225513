//! Tasks for building and testing: `cargo xtask --help`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person who runs it")]

mod apt;
mod arch;
mod bench;
mod command;
mod cross;
mod demo;
mod doctor;
mod ebpf;
mod faults;
mod fuzz;
mod gate_study;
mod kept;
mod page;
mod privilege;
mod recordings;
mod setup;
mod test;
mod verifier;
mod vm;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Tasks for building and testing tracer.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build tracer, become root and show it at work: a file server blocked on disk, traced for five seconds
    Demo {
        /// Handed on to `tracer demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Install what building the eBPF object and testing need (Debian 12; a second run does nothing)
    Setup,
    /// Rebuild the committed eBPF objects in tracer/bpf, and the manifest of their inputs
    BuildEbpf {
        /// Rebuild in a scratch directory and fail unless the committed object is what the sources give
        #[arg(long, conflicts_with_all = ["features", "output"])]
        check: bool,
        /// Features of tracer-ebpf to switch on (its deliberate faults)
        #[arg(long, value_delimiter = ',', requires = "output")]
        features: Vec<String>,
        /// Write the object here instead, without a manifest
        #[arg(long, value_name = "PATH")]
        output: Option<PathBuf>,
    },
    /// Install what is missing, then run every check and every test
    Test {
        /// Run this step alone
        #[arg(long, value_name = "STEP", value_parser = test::step_names())]
        only: Option<String>,
        /// Instead: build in one deliberate fault at a time and require that its tests turn red
        #[arg(long, conflicts_with = "only")]
        faults: bool,
    },
    /// Run the kernel tests on other kernels, each in a virtual machine: Debian's, without KVM and without root
    Vm(vm::Options),
    /// Count the instructions that the verifiers look at, of the running kernel and in the last results of `vm`
    Verifier(verifier::Options),
    /// Read bytes that libFuzzer makes up, as recordings and as objectives: never a panic, never more memory than is allowed
    Fuzz {
        /// For how long in all, in seconds
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
        seconds: u32,
    },
    /// Make the golden recordings of real servers anew: nginx and Kafka, for some seconds; needs root
    Recordings,
    /// Draw the pictures of the README from one of these recordings; needs chromium
    Pictures,
    /// Count how often `tracer compare` is wrong, on simulated runs whose truth is known or on those of a real nginx; takes minutes
    GateStudy(gate_study::Options),
    /// Measure what tracer costs, beside empty programs and bpftrace; takes a minute and needs root
    Bench(bench::Options),
    #[command(flatten)]
    BenchStep(bench::Step),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    // The bench's own processes do without the workspace.
    if let Task::BenchStep(step) = &task {
        return bench::step(step).map(|()| ExitCode::SUCCESS);
    }
    let workspace = Workspace::find()?;
    match task {
        Task::Demo { arguments } => demo::run(&workspace, &arguments).map(|never| match never {}),
        Task::Setup => setup::run(&workspace).map(|()| ExitCode::SUCCESS),
        Task::BuildEbpf { check: true, .. } => ebpf::check(&workspace).map(|()| ExitCode::SUCCESS),
        Task::BuildEbpf { output: Some(output), features, .. } => {
            ebpf::build_to(&workspace, &features, &output).map(|()| ExitCode::SUCCESS)
        }
        Task::BuildEbpf { .. } => ebpf::build_committed(&workspace).map(|()| ExitCode::SUCCESS),
        Task::Test { faults: true, .. } => faults::run(&workspace),
        Task::Test { only, .. } => test::run(&workspace, only.as_deref()),
        Task::Vm(options) => vm::run(&workspace, &options),
        Task::Verifier(options) => verifier::run(&workspace, &options),
        Task::Fuzz { seconds } => fuzz::run(&workspace, seconds).map(|()| ExitCode::SUCCESS),
        Task::Recordings => recordings::record(&workspace).map(|()| ExitCode::SUCCESS),
        Task::Pictures => recordings::draw(&workspace).map(|()| ExitCode::SUCCESS),
        Task::GateStudy(options) => gate_study::run(&workspace, &options).map(|()| ExitCode::SUCCESS),
        Task::Bench(options) => bench::run(&workspace, &options).map(|()| ExitCode::SUCCESS),
        Task::BenchStep(step) => bench::step(&step).map(|()| ExitCode::SUCCESS),
    }
}
