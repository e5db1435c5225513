//! Which kernels, and how they are started.

use super::selection;

/// A line of kernels, and the release of Debian that has it; started as it is, or in a way of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Major and minor version; behind a dash, how it is started.
    pub name: &'static str,
    /// The version alone.
    pub version: &'static str,
    /// Debian's name of the release.
    pub suite: &'static str,
    /// What it is told at its start, beside what all are.
    pub command_line: &'static str,
    /// The tests that are chosen for it.
    pub tests: &'static [&'static str],
}

impl Kernel {
    const fn of_debian(version: &'static str, suite: &'static str) -> Self {
        Self { name: version, version, suite, command_line: "", tests: selection::TESTS }
    }

    const fn locked_down(self, name: &'static str, command_line: &'static str) -> Self {
        Self { name, command_line, tests: selection::LOCKED_DOWN, ..self }
    }

    /// Whether it is started as it is.
    pub fn is_plain(&self) -> bool {
        self.command_line.is_empty()
    }
}

const TRIXIE: Kernel = Kernel::of_debian("6.12", "trixie");

/// From the oldest that tracer is to run on.
pub const ALL: &[Kernel] = &[
    Kernel::of_debian("5.10", "bullseye"),
    Kernel::of_debian("6.1", "bookworm"),
    TRIXIE,
    TRIXIE.locked_down("6.12-integrity", "lockdown=integrity"),
    TRIXIE.locked_down("6.12-confidentiality", "lockdown=confidentiality"),
];

/// What the command line takes.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|kernel| kernel.name).collect()
}

/// Those that are named; if none is, all.
pub fn chosen(names: &[String]) -> Vec<&'static Kernel> {
    let is_named = |kernel: &&Kernel| names.iter().any(|name| name == kernel.name);
    ALL.iter().filter(|kernel| names.is_empty() || is_named(kernel)).collect()
}
