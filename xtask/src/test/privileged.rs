//! The tests that need root and the running kernel: built as the person, run as root.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{Run, ending};
use crate::workspace::{TESTS_PACKAGE, Workspace};

/// The target that holds the workloads that know their own truth.
pub const KERNEL: &str = "kernel";

/// The target that holds real servers.
pub const PROGRAMS: &str = "programs";

/// All targets that need root.
pub const TARGETS: &[&str] = &[KERNEL, PROGRAMS];

/// The executable of one target.
#[derive(Debug)]
pub struct Tests {
    executable: PathBuf,
    directory: PathBuf,
}

impl Tests {
    /// Cargo builds them as the person who asked: what root built, that person could not rebuild.
    pub fn build(workspace: &Workspace, target: &str) -> Result<Self> {
        Self::build_by(Run::cargo().arg("test"), workspace, target)
    }

    /// The same by another cargo, which has been told to test, and may be for another processor.
    pub fn build_by(cargo_test: Run, workspace: &Workspace, target: &str) -> Result<Self> {
        let run = cargo_test
            .args(["--locked", "--package", TESTS_PACKAGE, "--test", target])
            .args(["--no-run", "--message-format=json-render-diagnostics"])
            .current_dir(&workspace.root);
        let mut executable = None;
        let status = run.for_each_line(|line| executable = executable_of(line, target).or(executable.take()))?;
        if !status.success() {
            bail!("cannot build the tests of {target}: {}", ending(status));
        }
        let executable = executable.with_context(|| format!("cargo named no executable of {target}"))?;
        Ok(Self { executable, directory: workspace.path(TESTS_PACKAGE) })
    }

    /// How many there are.
    pub fn count(&self) -> Result<usize> {
        let list = self.command().arg("--list").capture()?;
        Ok(list.lines().filter(|line| line.ends_with(": test")).count())
    }

    /// Runs all of them against this tracer, one after the other: each measures this machine.
    pub fn run(&self, tracer: &Path) -> Run {
        let run = self.command().arg("--test-threads=1").env("TRACER_BINARY", tracer);
        // sudo would clear them.
        ["CI", "PATH", "RUST_BACKTRACE"].into_iter().fold(run, |run, name| match std::env::var_os(name) {
            Some(value) => run.env(name, value),
            None => run,
        })
    }

    /// The file.
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    fn command(&self) -> Run {
        Run::new(&self.executable).current_dir(&self.directory)
    }
}

/// The test executable that a message of cargo tells of.
fn executable_of(message: &str, target: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_target = message["target"]["name"] == target && message["target"]["kind"][0] == "test";
    message["executable"].as_str().filter(|_| is_target).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_cargos_messages() {
        let message = |name: &str, kind: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"name":"{name}","kind":["{kind}"]}},"executable":"/t/{name}-1"}}"#
            )
        };
        assert_eq!(executable_of(&message("kernel", "test"), KERNEL), Some("/t/kernel-1".into()));
        assert_eq!(executable_of(&message("kernel", "bin"), KERNEL), None);
        assert_eq!(executable_of(&message("workload", "bin"), KERNEL), None);
        assert_eq!(executable_of(r#"{"reason":"build-finished","success":true}"#, KERNEL), None);
    }
}
