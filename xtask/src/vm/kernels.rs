//! Which kernels.

/// A line of kernels, and the release of Debian that has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Major and minor version.
    pub version: &'static str,
    /// Debian's name of the release.
    pub suite: &'static str,
    /// Whether tracer is meant to run there by now: the others must be named.
    pub is_supported: bool,
}

/// From the oldest that tracer is to run on.
pub const ALL: &[Kernel] = &[
    Kernel { version: "5.10", suite: "bullseye", is_supported: false },
    Kernel { version: "6.1", suite: "bookworm", is_supported: true },
    Kernel { version: "6.12", suite: "trixie", is_supported: true },
];

/// What the command line takes.
pub fn versions() -> Vec<&'static str> {
    ALL.iter().map(|kernel| kernel.version).collect()
}

/// Those that are named; if none is, those that tracer is meant to run on.
pub fn chosen(versions: &[String]) -> Vec<&'static Kernel> {
    let is_named = |kernel: &&Kernel| versions.iter().any(|version| version == kernel.version);
    let is_chosen = |kernel: &&Kernel| if versions.is_empty() { kernel.is_supported } else { is_named(kernel) };
    ALL.iter().filter(is_chosen).collect()
}
