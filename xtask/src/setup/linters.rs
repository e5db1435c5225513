//! Linters of the files for CI servers, for the tests. Debian has neither.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::tools_directory;
use crate::command::Run;
use crate::workspace::Workspace;

const ACTIONLINT_VERSION: &str = "1.7.7";
/// It brings the schemas of GitHub and GitLab along: so its version is theirs.
const CHECK_JSONSCHEMA_VERSION: &str = "0.39.0";

/// Fetches what is missing into `target/tools`.
pub fn fetch(workspace: &Workspace) -> Result<()> {
    let tools = tools_directory(workspace);
    actionlint(&tools)?;
    check_jsonschema(&tools)
}

fn actionlint(tools: &Path) -> Result<()> {
    let program = tools.join("bin/actionlint");
    if says(&program, ACTIONLINT_VERSION) {
        println!("setup: actionlint {ACTIONLINT_VERSION}: there, {}", program.display());
        return Ok(());
    }
    println!("setup: actionlint {ACTIONLINT_VERSION} is missing; Go builds it");
    Run::new("go")
        .args(["install", &format!("github.com/rhysd/actionlint/cmd/actionlint@v{ACTIONLINT_VERSION}")])
        .env("GOBIN", tools.join("bin"))
        .status()
        .context("cannot build actionlint")
}

fn check_jsonschema(tools: &Path) -> Result<()> {
    let place = tools.join("check-jsonschema");
    let program = place.join("bin/check-jsonschema");
    if says(&program, CHECK_JSONSCHEMA_VERSION) {
        println!("setup: check-jsonschema {CHECK_JSONSCHEMA_VERSION}: there, {}", program.display());
        return Ok(());
    }
    println!("setup: check-jsonschema {CHECK_JSONSCHEMA_VERSION} is missing; pip fetches it");
    if place.exists() {
        // Of another version, or half of one.
        fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
    }
    Run::new("/usr/bin/python3").args(["-m", "venv"]).arg(&place).status()?;
    Run::new(place.join("bin/pip"))
        .args(["install", "--quiet", &format!("check-jsonschema=={CHECK_JSONSCHEMA_VERSION}")])
        .status()
        .context("cannot fetch check-jsonschema")
}

fn says(program: &Path, version: &str) -> bool {
    let says = || Run::new(program).arg("--version").answer();
    program.is_file()
        && says().is_some_and(|said| said.split_whitespace().any(|word| word.trim_matches('v') == version))
}
