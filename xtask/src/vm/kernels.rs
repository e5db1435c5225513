//! Which kernels, and how they are started.

use super::selection;
use crate::arch::Arch;

/// A line of kernels, and the release of Debian that has it; started as it is, or in a way of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Major and minor version; behind a dash, for which processor or how it is started.
    pub name: &'static str,
    /// The version alone.
    pub version: &'static str,
    /// Debian's name of the release.
    pub suite: &'static str,
    /// The processor.
    pub arch: Arch,
    /// What it is told at its start, beside what all are.
    pub command_line: &'static str,
    /// The tests that are chosen for it.
    pub tests: &'static [&'static str],
}

impl Kernel {
    const fn of_debian(version: &'static str, suite: &'static str) -> Self {
        Self { name: version, version, suite, arch: Arch::X86_64, command_line: "", tests: selection::TESTS }
    }

    const fn on_arm(self, name: &'static str) -> Self {
        Self { name, arch: Arch::Aarch64, ..self }
    }

    const fn locked_down(self, name: &'static str, command_line: &'static str) -> Self {
        Self { name, command_line, tests: selection::LOCKED_DOWN, ..self }
    }

    /// Whether it is started as it is.
    pub fn is_plain(&self) -> bool {
        self.command_line.is_empty()
    }
}

const BOOKWORM: Kernel = Kernel::of_debian("6.1", "bookworm");
const TRIXIE: Kernel = Kernel::of_debian("6.12", "trixie");

/// From the oldest that tracer is to run on.
pub const ALL: &[Kernel] = &[
    Kernel::of_debian("5.10", "bullseye"),
    BOOKWORM,
    TRIXIE,
    TRIXIE.locked_down("6.12-integrity", "lockdown=integrity"),
    TRIXIE.locked_down("6.12-confidentiality", "lockdown=confidentiality"),
    BOOKWORM.on_arm("6.1-arm64"),
    TRIXIE.on_arm("6.12-arm64"),
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
