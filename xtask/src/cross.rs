//! How the program is built for another processor: by Debian's Rust, with its standard library and Debian's linker for that one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::apt::Apt;
use crate::arch::Arch;
use crate::command::Run;
use crate::ebpf::toolchain::{Features, debian_cargo};
use crate::kept;
use crate::workspace::Workspace;

/// Debian's package of the standard library, compiled.
const STD: &str = "libstd-rust-web-dev";

/// A processor that programs are built for.
pub struct Cross<'a> {
    workspace: &'a Workspace,
    arch: Arch,
}

impl<'a> Cross<'a> {
    /// Fetches the standard library for it, unless it is there.
    pub fn to(workspace: &'a Workspace, arch: Arch) -> Result<Self> {
        let this = Self { workspace, arch };
        // Another version than the compiler's it would refuse.
        let version = Run::new("dpkg-query").args(["--show", "--showformat=${Version}", STD]).capture()?;
        let what = format!("Rust's standard library for {}, {version},", arch.name());
        if kept::contents(&this.sysroot()).is_some_and(|kept| kept != version) {
            fs::remove_dir_all(this.sysroot()).context("cannot remove an older standard library")?;
        }
        kept::filled(&this.sysroot(), &what, |directory| {
            let apt = Apt::of_this_machine(arch, &directory.join("apt"))?;
            apt.unpack(&format!("{STD}={version}"), &directory.join("unpacked"))?;
            fs::create_dir(directory.join("lib"))?;
            symlink("../unpacked/usr/lib/rustlib", directory.join("lib/rustlib"))?;
            fs::remove_dir_all(directory.join("apt"))?;
            Ok(version.clone())
        })?;
        Ok(this)
    }

    /// Cargo, building for it; to be followed by its subcommand's arguments.
    pub fn cargo(&self, subcommand: &str) -> Run {
        let target = self.arch.target();
        let in_variable = target.replace('-', "_");
        let linker = format!("{}-linux-gnu-gcc", self.arch.name());
        debian_cargo(Features::Stable)
            .args([subcommand, "--target", &target, "--target-dir"])
            .arg(self.directory().join("build"))
            .env(&format!("CARGO_TARGET_{}_LINKER", in_variable.to_uppercase()), &linker)
            .env(&format!("CC_{in_variable}"), &linker)
            .env("RUSTFLAGS", format!("--sysroot={}", self.sysroot().display()))
    }

    /// Where it puts what it builds without optimisation.
    pub fn built(&self) -> PathBuf {
        self.directory().join("build").join(self.arch.target()).join("debug")
    }

    fn directory(&self) -> PathBuf {
        self.workspace.target.join(self.arch.name())
    }

    fn sysroot(&self) -> PathBuf {
        self.directory().join("sysroot")
    }
}
