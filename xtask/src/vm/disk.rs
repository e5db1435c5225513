//! The disk that a virtual machine starts from: the tests, and the programs that they call, with their libraries.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::images::Image;
use crate::command::Run;

/// The first process of the machine.
const INIT: &str = include_str!("guest.sh");

/// Room for the disks of the tests, too. What is never written takes none here.
const SIZE: &str = "2G";

/// What goes to the machine.
pub struct Contents<'a> {
    /// The programs that the tests call, as they are to lie at the root.
    pub userland: &'a Path,
    /// The kernel half's user side.
    pub tracer: &'a Path,
    /// The workloads.
    pub workload: &'a Path,
    /// The tests.
    pub kernel_tests: &'a Path,
    /// The arguments for them: which of them run.
    pub arguments: &'a [String],
    /// What the machine is known to be without.
    pub without: &'a [&'a str],
}

/// Makes the disk in `directory`, and returns its image.
pub fn make(directory: &Path, contents: &Contents<'_>, kernel: &Image) -> Result<PathBuf> {
    let root = directory.join("root");
    if root.exists() {
        fs::remove_dir_all(&root).with_context(|| format!("cannot remove {}", root.display()))?;
    }
    fill(&root, contents, kernel).with_context(|| format!("cannot fill {}", root.display()))?;
    let image = directory.join("disk.img");
    let _ = fs::remove_file(&image);
    Run::new("mke2fs")
        .args(["-q", "-t", "ext4", "-E", "lazy_itable_init=0,root_owner=0:0", "-d"])
        .args([&root, &image])
        .arg(SIZE)
        .env("PATH", path_with_sbin())
        .status()?;
    fs::remove_dir_all(&root)?;
    Ok(image)
}

fn fill(root: &Path, contents: &Contents<'_>, kernel: &Image) -> Result<()> {
    Run::new("cp").arg("--archive").args([contents.userland, root]).status()?;
    for place in ["proc", "sys", "dev", "tmp", "applets", "modules", "etc", "tests/tests", "tests/target/debug/deps"] {
        fs::create_dir_all(root.join(place))?;
    }
    let init = root.join("init");
    fs::write(&init, INIT)?;
    fs::set_permissions(&init, fs::Permissions::from_mode(0o755))?;
    let built = root.join("tests/target/debug");
    fs::copy(contents.tracer, built.join("tracer"))?;
    fs::copy(contents.workload, built.join("workload"))?;
    fs::copy(contents.kernel_tests, built.join("deps/kernel"))?;
    fs::write(root.join("tests/arguments"), contents.arguments.join("\n"))?;
    fs::write(root.join("tests/without"), contents.without.join(" "))?;
    Run::new("cp").arg("--recursive").args([&kernel.boot(), root]).status()?;
    // For those that look users up.
    for file in ["etc/passwd", "etc/group"] {
        fs::copy(Path::new("/").join(file), root.join(file))?;
    }
    for module in kernel.modules() {
        let name = module.file_name().context("a module has a name")?;
        fs::copy(&module, root.join("modules").join(name))?;
    }
    Ok(())
}

/// Where programs are, also for those who are not root.
fn path_with_sbin() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}
