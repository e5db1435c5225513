//! Debian's Rust and LLVM, the toolchain of the kernel half: it has core for bpfel-unknown-none, and its LLVM is
//! the one that bpf-linker is built with.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::manifest::{Entry, Manifest};
use crate::command::Run;
use crate::setup::{BPF_LINKER_VERSION, LLVM_PREFIX, find_bpf_linker};
use crate::workspace::Workspace;

const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";
const CLIPPY: &str = "/usr/bin/cargo-clippy";
const SETUP: &str = "`cargo xtask setup` installs it";

/// Programs that were found to be there, and their versions.
#[derive(Debug)]
pub struct Toolchain {
    bpf_linker: PathBuf,
    /// Where rust-web-src has put the sources of core, if it is installed.
    core_sources: Option<PathBuf>,
    versions: Vec<(&'static str, String)>,
}

impl Toolchain {
    pub fn find(workspace: &Workspace) -> Result<Self> {
        let version = |program: &str| {
            Run::new(program).arg("--version").answer().with_context(|| format!("no {program}: {SETUP}"))
        };
        version(CARGO)?;
        let rustc = version(RUSTC)?;
        let llvm = version(&format!("{LLVM_PREFIX}/bin/llvm-config"))?;
        let Some(bpf_linker) = find_bpf_linker(workspace) else {
            bail!("no bpf-linker {BPF_LINKER_VERSION} for LLVM 22: {SETUP}");
        };
        let versions = vec![
            ("rustc", rustc.trim().trim_start_matches("rustc ").to_owned()),
            ("bpf-linker", BPF_LINKER_VERSION.to_owned()),
            ("llvm", llvm.trim().to_owned()),
        ];
        Ok(Self { bpf_linker, core_sources: core_sources()?, versions })
    }

    /// Cargo for building the object.
    pub fn cargo(&self) -> Run {
        let run = match &self.core_sources {
            Some(sources) => out_of_sight(sources, CARGO),
            None => Run::new(CARGO),
        };
        isolated(run, Features::Unstable).env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", &self.bpf_linker)
    }

    /// `cargo clippy`; under its own name, as cargo would run a rustup's.
    pub fn clippy(&self) -> Run {
        isolated(Run::new(CLIPPY), Features::Unstable).env("CARGO", CARGO)
    }

    pub fn llvm_strip(&self) -> Run {
        Run::new(Path::new(LLVM_PREFIX).join("bin/llvm-strip"))
    }

    /// Adds the versions to the manifest.
    pub fn describe(&self, manifest: &mut Manifest) {
        for (program, version) in &self.versions {
            manifest.set(Entry::Toolchain, program, version.clone());
        }
    }
}

/// Debian's cargo with Debian's rustc, and nothing of the cargo that runs this task.
pub fn debian_cargo(features: Features) -> Run {
    isolated(Run::new(CARGO), features)
}

/// Which of Rust's features a build may use.
pub enum Features {
    Stable,
    /// aya-ebpf uses some that are not stable yet.
    Unstable,
}

fn isolated(run: Run, features: Features) -> Run {
    let run = run.without_env(is_foreign).env("RUSTC", RUSTC);
    match features {
        Features::Stable => run,
        Features::Unstable => run.env("RUSTC_BOOTSTRAP", "1"),
    }
}

/// Whether an inherited variable may change what is built. What only says how to reach a registry stays.
fn is_foreign(name: &str) -> bool {
    const KEPT: [&str; 8] = [
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_REGISTRIES_",
        "CARGO_REGISTRY_",
        "CARGO_SOURCE_",
        "CARGO_TERM_",
        "RUST_BACKTRACE",
    ];
    // `cargo run` points LD_LIBRARY_PATH at its own toolchain's libraries.
    let matters = name.starts_with("CARGO") || name.starts_with("RUST") || name == "LD_LIBRARY_PATH";
    matters && !KEPT.iter().any(|kept| name.starts_with(kept))
}

/// The directory that core's paths in debug information point into.
fn core_sources() -> Result<Option<PathBuf>> {
    let sysroot = isolated(Run::new(RUSTC), Features::Stable).args(["--print", "sysroot"]).capture()?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
    Ok(library.join("library").is_dir().then(|| library.canonicalize()).transpose()?)
}

/// LLVM copies the source line of each instruction into .BTF if it can read the file. Paths that are remapped do
/// not exist; core's cannot be remapped, so without this the object would depend on whether rust-web-src is
/// installed. An empty directory is mounted over it, for this one program to see.
fn out_of_sight(directory: &Path, program: &str) -> Run {
    let namespace = if crate::privilege::is_root() { &["--mount"][..] } else { &["--mount", "--map-root-user"] };
    Run::new("unshare")
        .args(namespace)
        .args(["sh", "-c", r#"mount -t tmpfs none "$0" && exec "$@""#])
        .arg(directory)
        .arg(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_outer_cargo_and_a_persons_settings_say_is_kept_out() {
        for name in [
            "RUSTUP_TOOLCHAIN",
            "CARGO",
            "CARGO_MANIFEST_DIR",
            "RUSTFLAGS",
            "RUSTC_WRAPPER",
            "CARGO_PROFILE_RELEASE_LTO",
            "LD_LIBRARY_PATH",
        ] {
            assert!(is_foreign(name), "{name}");
        }
        for name in
            ["CARGO_HOME", "CARGO_HTTP_CAINFO", "CARGO_REGISTRIES_MIRROR_INDEX", "PATH", "HOME", "RUST_BACKTRACE"]
        {
            assert!(!is_foreign(name), "{name}");
        }
    }
}
