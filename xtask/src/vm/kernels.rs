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
    /// Whether tracer is meant to run there by now: the others must be named.
    pub is_supported: bool,
}

impl Kernel {
    const fn of_debian(version: &'static str, suite: &'static str) -> Self {
        Self { name: version, version, suite, command_line: "", tests: selection::TESTS, is_supported: true }
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
    Kernel { is_supported: false, ..Kernel::of_debian("5.10", "bullseye") },
    Kernel::of_debian("6.1", "bookworm"),
    TRIXIE,
    TRIXIE.locked_down("6.12-integrity", "lockdown=integrity"),
    TRIXIE.locked_down("6.12-confidentiality", "lockdown=confidentiality"),
];

/// What the command line takes.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|kernel| kernel.name).collect()
}

/// Those that are named; if none is, those that tracer is meant to run on.
pub fn chosen(names: &[String]) -> Vec<&'static Kernel> {
    let is_named = |kernel: &&Kernel| names.iter().any(|name| name == kernel.name);
    let is_chosen = |kernel: &&Kernel| if names.is_empty() { kernel.is_supported } else { is_named(kernel) };
    ALL.iter().filter(is_chosen).collect()
}
