//! Becoming root: already, through sudo, or not at all.

use anyhow::{Result, bail};

use crate::command::Run;

/// A way to run something as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// This process is root.
    Already,
    /// sudo, which may ask for a password on the terminal.
    Sudo,
    /// sudo, which does not need one.
    SudoWithoutPassword,
}

impl Root {
    /// The way for a task with a person in front of it.
    pub fn asking() -> Result<Self> {
        if is_root() {
            return Ok(Self::Already);
        }
        if Run::new("sudo").arg("--version").answer().is_none() {
            bail!("this needs root, and there is no sudo: run the same command as root");
        }
        Ok(Self::Sudo)
    }

    /// The way that never waits for a person; `None` if there is none.
    pub fn without_asking() -> Option<Self> {
        if is_root() {
            return Some(Self::Already);
        }
        Run::new("sudo").args(["-n", "true"]).answer().map(|_| Self::SudoWithoutPassword)
    }

    /// The options for sudo, if sudo is needed.
    pub fn sudo(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Already => None,
            Self::Sudo => Some(&[]),
            Self::SudoWithoutPassword => Some(&["-n"]),
        }
    }
}

/// Whether this process is root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
