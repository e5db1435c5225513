//! What runs in virtual machines, built for their processors.

use std::path::PathBuf;

use anyhow::Result;

use super::kernels::Kernel;
use crate::arch::Arch;
use crate::command::Run;
use crate::cross::Cross;
use crate::test::privileged::{KERNEL, Tests};
use crate::workspace::{TESTS_PACKAGE, Workspace};

/// The programs for one processor.
pub struct Built {
    pub arch: Arch,
    pub tracer: PathBuf,
    pub workload: PathBuf,
    pub kernel_tests: PathBuf,
}

impl Built {
    /// For every processor that one of the kernels runs on.
    pub fn for_all(workspace: &Workspace, kernels: &[&Kernel]) -> Result<Vec<Self>> {
        let archs = [Arch::X86_64, Arch::Aarch64];
        let wanted = archs.into_iter().filter(|arch| kernels.iter().any(|kernel| kernel.arch == *arch));
        wanted.map(|arch| Self::build(workspace, arch)).collect()
    }

    fn build(workspace: &Workspace, arch: Arch) -> Result<Self> {
        let cross = match arch {
            Arch::X86_64 => None,
            Arch::Aarch64 => Some(Cross::to(workspace, arch)?),
        };
        let cargo = |subcommand: &str| match &cross {
            None => Run::cargo().arg(subcommand),
            Some(cross) => cross.cargo(subcommand),
        };
        let built = cross.as_ref().map_or_else(|| workspace.target.join("debug"), Cross::built);
        let binaries = ["--locked", "--bins", "--package", "tracer", "--package", TESTS_PACKAGE];
        cargo("build").args(binaries).current_dir(&workspace.root).status()?;
        let tests = Tests::build_by(cargo("test"), workspace, KERNEL)?;
        Ok(Self {
            arch,
            tracer: built.join("tracer"),
            workload: built.join("workload"),
            kernel_tests: tests.executable().to_owned(),
        })
    }
}
