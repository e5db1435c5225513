//! Where things are: the workspace, its target directory, its test targets.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::Run;

/// The package that holds the command-line, golden and kernel tests.
pub const TESTS_PACKAGE: &str = "tests";

/// The checkout that this task belongs to.
#[derive(Debug)]
pub struct Workspace {
    /// The directory of the workspace's Cargo.toml.
    pub root: PathBuf,
    /// Where cargo builds, as the person's configuration has it.
    pub target: PathBuf,
    /// The integration-test targets of [`TESTS_PACKAGE`].
    pub test_targets: Vec<String>,
}

impl Workspace {
    pub fn find() -> Result<Self> {
        // Cargo sets it at run time too: right also if the checkout was moved after the task was built.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map_or(env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let run = Run::cargo().args(["metadata", "--no-deps", "--format-version=1"]).current_dir(&package);
        let metadata: Value = serde_json::from_str(&run.capture()?).context("cannot read cargo's metadata")?;
        let path = |key: &str| metadata[key].as_str().map(PathBuf::from).with_context(|| format!("no {key} in it"));
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            test_targets: test_targets(&metadata),
        })
    }

    /// A path inside the checkout.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }
}

fn test_targets(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets =
        packages.filter(|package| package["name"] == TESTS_PACKAGE).flat_map(|package| package["targets"].as_array());
    let tests = targets.flatten().filter(|target| target["kind"][0] == "test");
    tests.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect()
}
