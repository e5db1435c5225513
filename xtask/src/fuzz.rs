//! `cargo xtask fuzz`: bytes that libFuzzer makes up, read as recordings and as service-level objectives. On stable Rust: the coverage that the fuzzer
//! follows is a pass of LLVM, which rustc hands on; only sanitizers, which safe code can do without, want a nightly.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Run;
use crate::workspace::Workspace;

/// The platform is named so that build scripts are not instrumented.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// What cargo-fuzz compiles with, less the sanitizer.
const FLAGS: [&str; 8] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
];

/// Inputs are not made longer than this, bytes; the recordings of the corpus are shorter.
const LONGEST: u32 = 16_384;

/// Memory that reading may take, MB.
const MEMORY_MB: u32 = 1024;

/// What is fuzzed: a program and a folder of the corpus each.
const TARGETS: [&str; 2] = ["read", "slo"];

/// Lets the fuzzers run for so long, one after the other with an equal part of it, from the committed corpus and what earlier runs have found.
pub fn run(workspace: &Workspace, seconds: u32) -> Result<()> {
    let project = workspace.path("fuzz");
    let built = workspace.target.join("fuzz");
    let failures = built.join("failures");
    make(&failures)?;
    Run::cargo()
        .args(["build", "--locked", "--release", "--target", PLATFORM, "--bins"])
        .arg("--target-dir")
        .arg(&built)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"))
        .current_dir(&project)
        .status()?;
    for target in TARGETS {
        let found = built.join("corpus").join(target);
        make(&found)?;
        let seconds = (seconds / TARGETS.len() as u32).max(1);
        let fuzzer: PathBuf = built.join(PLATFORM).join("release").join(target);
        println!("{target}: {seconds} s");
        Run::new(fuzzer)
            .args([format!("-max_total_time={seconds}"), format!("-max_len={LONGEST}")])
            .args([format!("-rss_limit_mb={MEMORY_MB}"), "-timeout=20".into(), "-print_final_stats=1".into()])
            .arg(format!("-artifact_prefix={}/", failures.display()))
            .args([found, project.join("corpus").join(target)])
            .status()
            .with_context(|| format!("the input that did it is in {}", failures.display()))?;
    }
    Ok(())
}

fn make(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))
}
