//! `tracer demo`.

use anyhow::{Result, bail};

use crate::cli::DemoArgs;

/// Shows the whole product with no set-up.
///
/// # Errors
/// If it cannot measure or write.
pub fn run(_args: &DemoArgs) -> Result<()> {
    bail!("not wired yet")
}
