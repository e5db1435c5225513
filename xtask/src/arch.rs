//! The processors that tracer is built for.

/// A processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// That of the machines that build and test.
    X86_64,
    Aarch64,
}

impl Arch {
    /// As Rust and the kernel call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// As Debian calls it.
    pub const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// Rust's target, with GNU's C library.
    pub fn target(self) -> String {
        format!("{}-unknown-linux-gnu", self.name())
    }
}
