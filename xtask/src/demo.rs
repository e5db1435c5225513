//! `cargo xtask demo`: the product at work, from a fresh clone.

use std::convert::Infallible;

use anyhow::Result;

use crate::command::Run;
use crate::privilege::Root;
use crate::workspace::Workspace;

/// Builds tracer, becomes root and becomes `tracer demo`.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<Infallible> {
    let root = Root::asking()?;
    Run::cargo()
        .args(["build", "--locked", "--release", "--package", "tracer", "--bin", "tracer"])
        .current_dir(&workspace.root)
        .status()?;
    Run::new(workspace.target.join("release/tracer")).arg("demo").args(arguments).through(root).exec()
}
