//! Which kernels.

/// A line of kernels, and the release of Debian that has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Major and minor version.
    pub version: &'static str,
    /// Debian's name of the release.
    pub suite: &'static str,
}

/// From the oldest that tracer is to run on.
pub const ALL: &[Kernel] = &[
    Kernel { version: "5.10", suite: "bullseye" },
    Kernel { version: "6.1", suite: "bookworm" },
    Kernel { version: "6.12", suite: "trixie" },
];

/// What the command line takes.
pub fn versions() -> Vec<&'static str> {
    ALL.iter().map(|kernel| kernel.version).collect()
}

/// Those that are named; if none is, all.
pub fn chosen(versions: &[String]) -> Vec<&'static Kernel> {
    let is_named = |kernel: &&Kernel| versions.iter().any(|version| version == kernel.version);
    ALL.iter().filter(|kernel| versions.is_empty() || is_named(kernel)).collect()
}
