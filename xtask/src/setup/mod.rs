//! `cargo xtask setup`: what building the eBPF object and testing need, on Debian 12.

mod linters;
mod maven;
mod promtool;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::Run;
use crate::ebpf::toolchain::{self, Features};
use crate::privilege::Root;
use crate::workspace::Workspace;

/// A Debian package and what it is for.
struct Package {
    name: &'static str,
    needed_for: &'static str,
}

const PACKAGES: &[Package] = &[
    Package { name: "rustc-web", needed_for: "compiling for bpfel-unknown-none" },
    Package { name: "cargo-web", needed_for: "compiling for bpfel-unknown-none" },
    Package { name: "libstd-rust-web-dev-bpf", needed_for: "core for bpfel-unknown-none, compiled" },
    Package { name: "rust-web-clippy", needed_for: "lints of the kernel half" },
    Package { name: "llvm-22-dev", needed_for: "building bpf-linker; llvm-strip" },
    Package { name: "gcc", needed_for: "linking; tests: programs whose functions wait" },
    Package { name: "libc6-dev", needed_for: "linking; tests: programs in C" },
    Package { name: "g++", needed_for: "tests: building libFuzzer" },
    Package { name: "python3", needed_for: "tests: an independent check of recordings, a file server" },
    Package { name: "python3-jsonschema", needed_for: "tests: the published schema of recordings" },
    Package { name: "python3-venv", needed_for: "tests: check-jsonschema, apart from Debian's packages" },
    Package { name: "shellcheck", needed_for: "tests: the scripts for CI servers" },
    Package { name: "bpftrace", needed_for: "tests: its histogram of the same calls" },
    Package { name: "strace", needed_for: "tests: the first system calls of a program" },
    Package { name: "nginx-light", needed_for: "tests: a real event-loop server" },
    Package { name: "golang-go", needed_for: "tests: a file server in Go; building actionlint" },
    Package { name: "nodejs", needed_for: "tests: a JavaScript runtime" },
    Package { name: "openjdk-17-jdk-headless", needed_for: "tests: a JVM, and its own jcmd" },
    Package { name: "tmux", needed_for: "tests: the live view on a real terminal" },
    Package { name: "util-linux", needed_for: "tests: another user, other namespaces" },
    Package { name: "maven", needed_for: "tests: fetching Kafka and HdrHistogram" },
    Package { name: "cmark-gfm", needed_for: "tests: GitHub's own reading of Markdown" },
    Package { name: "python3-prometheus-client", needed_for: "tests: OpenMetrics' reference parser" },
    Package { name: "python3-scipy", needed_for: "tests: independent statistics" },
    Package { name: "haproxy", needed_for: "tests: a proxy that splices" },
    // Its redis-check-rdb is the server by another name; redis-server would start one.
    Package { name: "redis-tools", needed_for: "tests: a server that waits for its journal" },
    Package { name: "openssl", needed_for: "tests: a client that encrypts" },
    Package { name: "e2fsprogs", needed_for: "tests: ext4 with a journal" },
    Package { name: "qemu-system-x86", needed_for: "tests: other kernels" },
    Package { name: "qemu-system-arm", needed_for: "tests: kernels for arm64" },
    Package { name: "gcc-aarch64-linux-gnu", needed_for: "linking for arm64" },
    Package { name: "libc6-dev-arm64-cross", needed_for: "linking for arm64" },
    Package { name: "xz-utils", needed_for: "tests: modules of other kernels" },
    Package { name: "chromium", needed_for: "tests: the page in a real browser" },
    Package { name: "mount", needed_for: "tests: loop-mounted file systems" },
];

/// bpf-linker's version; another one may give another object.
pub const BPF_LINKER_VERSION: &str = "0.13.0";

/// Where Debian's LLVM is, the one that rustc-web is built with.
pub const LLVM_PREFIX: &str = "/usr/lib/llvm-22";

/// A bpf-linker that is linked against this library reads the bitcode of Debian's rustc.
const LLVM_LIBRARY: &[u8] = b"libLLVM.so.22";

/// Installs what is missing; a second run finds everything and changes nothing.
pub fn run(workspace: &Workspace) -> Result<()> {
    debian_packages()?;
    cargo_components()?;
    bpf_linker(workspace)?;
    promtool::fetch(workspace)?;
    linters::fetch(workspace)?;
    maven::jars(workspace)
}

fn debian_packages() -> Result<()> {
    let installed = installed_packages()?;
    let missing: Vec<_> = PACKAGES.iter().filter(|package| !installed.contains(&package.name.to_owned())).collect();
    if missing.is_empty() {
        println!("setup: {} Debian packages: there", PACKAGES.len());
        return Ok(());
    }
    for package in &missing {
        println!("setup: {} is missing ({})", package.name, package.needed_for);
    }
    let root = Root::asking().context("cannot install Debian packages")?;
    let apt = || Run::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    apt().args(["update", "--quiet"]).through(root).status()?;
    // --no-remove: rustc-web conflicts with Debian's older rustc, and removing what a person uses is not for a task.
    apt()
        .args(["install", "--yes", "--quiet", "--no-install-recommends", "--no-remove"])
        .args(missing.iter().map(|package| package.name))
        .through(root)
        .status()
        .context(
            "cannot install Debian packages (if it would have to remove some: remove them yourself, then try again)",
        )
}

/// Names of the installed ones among [`PACKAGES`].
fn installed_packages() -> Result<Vec<String>> {
    if Run::new("apt-get").arg("--version").answer().is_none() {
        let names: Vec<_> = PACKAGES.iter().map(|package| package.name).collect();
        bail!("no apt-get: setup knows Debian 12 alone. What it would install there: {}", names.join(" "));
    }
    // dpkg-query fails if one is unknown, and still tells of the others: so ask for all and pick.
    let all = Run::new("dpkg-query").args(["--show", "--showformat=${Package} ${db:Status-Status}\\n"]).capture()?;
    Ok(all.lines().filter_map(|line| line.strip_suffix(" installed")).map(str::to_owned).collect())
}

/// rustfmt and clippy of the cargo that runs this task.
fn cargo_components() -> Result<()> {
    let missing: Vec<_> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(subcommand, _)| Run::cargo().args([subcommand, "--version"]).answer().is_none())
        .map(|(_, component)| component)
        .collect();
    if missing.is_empty() {
        println!("setup: rustfmt and clippy: there");
        return Ok(());
    }
    let missing = missing.join(" ");
    if Run::new("rustup").arg("--version").answer().is_none() {
        bail!("cargo has no {missing}, and there is no rustup to add it: install it with what installed cargo");
    }
    Run::new("rustup").args(["component", "add"]).args(missing.split(' ')).status()
}

fn bpf_linker(workspace: &Workspace) -> Result<()> {
    if let Some(found) = find_bpf_linker(workspace) {
        println!("setup: bpf-linker {BPF_LINKER_VERSION}: there, {}", found.display());
        return Ok(());
    }
    println!("setup: bpf-linker {BPF_LINKER_VERSION} for LLVM 22 is missing; it is built now, in about a minute");
    let tools = tools_directory(workspace);
    toolchain::debian_cargo(Features::Unstable)
        .args(["install", "bpf-linker", "--version", BPF_LINKER_VERSION, "--locked"])
        .args(["--no-default-features", "--features", "llvm-22"])
        .arg("--root")
        .arg(&tools)
        .arg("--target-dir")
        .arg(workspace.target.join("tools-build"))
        .env("LLVM_PREFIX", LLVM_PREFIX)
        .status()
        .context("cannot install bpf-linker")?;
    if !is_our_bpf_linker(&tools.join("bin/bpf-linker")) {
        bail!("{} is not bpf-linker {BPF_LINKER_VERSION} for LLVM 22, although it was just built", tools.display());
    }
    // Half a gigabyte that nothing reads again.
    std::fs::remove_dir_all(workspace.target.join("tools-build")).context("cannot remove target/tools-build")
}

/// Tools go into the checkout, not into the person's cargo home: there they would replace another version
/// of bpf-linker that the person uses for something else. `cargo clean` removes them.
fn tools_directory(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools")
}

/// The right bpf-linker: the checkout's own, or the person's if it is the same version for the same LLVM.
pub fn find_bpf_linker(workspace: &Workspace) -> Option<PathBuf> {
    let own = tools_directory(workspace).join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let persons: Vec<_> = std::env::split_paths(&path).collect();
    std::iter::once(own)
        .chain(persons)
        .map(|directory| directory.join("bpf-linker"))
        .find(|path| is_our_bpf_linker(path))
}

fn is_our_bpf_linker(path: &Path) -> bool {
    path.is_file()
        && Run::new(path)
            .arg("--version")
            .answer()
            .is_some_and(|version| std::fs::read(path).is_ok_and(|binary| is_right_build(&version, &binary)))
}

/// --version does not tell which LLVM a linker was built for: the name of the library that it needs does.
fn is_right_build(version: &str, binary: &[u8]) -> bool {
    version.trim() == format!("bpf-linker {BPF_LINKER_VERSION}")
        && binary.windows(LLVM_LIBRARY.len()).any(|window| window == LLVM_LIBRARY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_listed_once_and_says_what_it_is_for() {
        for (index, package) in PACKAGES.iter().enumerate() {
            assert!(!package.needed_for.is_empty());
            assert!(PACKAGES[..index].iter().all(|other| other.name != package.name), "{} twice", package.name);
        }
    }

    #[test]
    fn a_linker_for_another_llvm_or_of_another_version_is_not_ours() {
        assert!(is_right_build("bpf-linker 0.13.0\n", b"\x7fELF..libLLVM.so.22.1\0"));
        assert!(!is_right_build("bpf-linker 0.9.15\n", b"\x7fELF..libLLVM.so.22.1\0"));
        assert!(!is_right_build("bpf-linker 0.13.0\n", b"\x7fELF..libLLVM.so.21.1\0"));
    }
}
