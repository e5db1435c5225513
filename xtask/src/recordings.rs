//! `cargo xtask recordings` and `cargo xtask pictures`: what is made with real programs and kept in the repository.

use anyhow::Result;

use crate::command::Run;
use crate::privilege::Root;
use crate::workspace::{TESTS_PACKAGE, Workspace};

/// Lets tracer watch nginx and Kafka, and keeps what it recorded.
pub fn record(workspace: &Workspace) -> Result<()> {
    let root = Root::asking()?;
    build(workspace, "tracer", "tracer")?;
    build(workspace, TESTS_PACKAGE, "record")?;
    let built = workspace.target.join("debug");
    Run::new(built.join("record"))
        .arg(workspace.path("tests/golden/recordings"))
        .env("TRACER_BINARY", built.join("tracer"))
        .through(root)
        .status()?;
    println!("Their reports are now other ones: UPDATE_GOLDEN=1 cargo test -p tests --test golden --test reports");
    Ok(())
}

/// Draws the pictures of the README from one of these recordings.
pub fn draw(workspace: &Workspace) -> Result<()> {
    build(workspace, TESTS_PACKAGE, "pictures")?;
    Run::new(workspace.target.join("debug/pictures")).arg(workspace.path("docs/pictures")).status()
}

fn build(workspace: &Workspace, package: &str, program: &str) -> Result<()> {
    let build = ["build", "--locked", "--package", package, "--bin", program];
    Run::cargo().args(build).current_dir(&workspace.root).status()
}
