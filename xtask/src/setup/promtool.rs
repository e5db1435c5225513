//! Prometheus' own parser, for the tests. Debian has it in one package with the daemon, which would be started: so the
//! package is unpacked, and not installed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::tools_directory;
use crate::command::Run;
use crate::privilege::Root;
use crate::workspace::Workspace;

/// Fetches it into `target/tools` unless it is there.
pub fn fetch(workspace: &Workspace) -> Result<()> {
    let tools = tools_directory(workspace);
    let promtool = tools.join("bin/promtool");
    if says_its_version(&promtool) {
        println!("setup: promtool: there, {}", promtool.display());
        return Ok(());
    }
    println!("setup: promtool is missing; 19 MB of Debian's package are fetched");
    let place = tools.join("prometheus");
    let doing = || format!("cannot make {}", place.display());
    fs::create_dir_all(tools.join("bin")).with_context(doing)?;
    if place.exists() {
        // What an interrupted run has left.
        fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
    }
    fs::create_dir_all(&place).with_context(doing)?;
    if download(&place).is_err() {
        // What is known of Debian's packages may be older than they are.
        let root = Root::asking().context("cannot learn of Debian's packages")?;
        Run::new("apt-get").args(["update", "--quiet"]).through(root).status()?;
        download(&place).context("cannot fetch Debian's package prometheus")?;
    }
    let package = package_in(&place)?;
    Run::new("dpkg-deb").arg("--extract").arg(&package).arg(&place).status()?;
    fs::rename(place.join("usr/bin/promtool"), &promtool).context("Debian's package prometheus has no promtool")?;
    fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))
}

fn download(place: &Path) -> Result<()> {
    Run::new("apt-get").args(["download", "--quiet", "prometheus"]).current_dir(place).status()
}

/// The one package in a directory.
fn package_in(place: &Path) -> Result<std::path::PathBuf> {
    let files = fs::read_dir(place).with_context(|| format!("cannot read {}", place.display()))?;
    let mut paths = files.filter_map(|file| Some(file.ok()?.path()));
    paths.find(|path| path.extension().is_some_and(|extension| extension == "deb")).context("apt-get left no package")
}

fn says_its_version(program: &Path) -> bool {
    program.is_file() && Run::new(program).arg("--version").answer().is_some()
}
