//! `cargo xtask build-ebpf`: the kernel half as committed objects, so that building tracer needs stable Rust alone.
//!
//! An object must come out the same on every machine: paths are remapped, the toolchain is one (Debian's), what
//! a person's environment sets is kept away from it. [`check`] proves it.

mod inputs;
mod manifest;
pub mod toolchain;

use std::path::Path;

use anyhow::{Context, Result, bail};

use self::inputs::Inputs;
use self::manifest::{Entry, Manifest};
use self::toolchain::Toolchain;
use crate::arch::Arch;
use crate::workspace::Workspace;

/// Where the committed objects are, from the workspace's root.
const DIRECTORY: &str = "tracer/bpf";
/// Among them: what they were built from.
const MANIFEST: &str = "tracer/bpf/inputs";
/// The only target of tracer-ebpf.
const TARGET: &str = "bpfel-unknown-none";

/// A committed object.
pub struct Object {
    /// Its file.
    name: &'static str,
    /// Whose registers aya-ebpf is to know.
    arch: Arch,
    features: &'static [&'static str],
}

impl Object {
    /// What runs on the machines of developers and tests.
    pub const NATIVE: &Self = &Self { name: "x86_64.o", arch: Arch::X86_64, features: &[] };

    const ALL: [&Self; 4] = [
        Self::NATIVE,
        &Self { name: "x86_64-guarded.o", arch: Arch::X86_64, features: &["guarded"] },
        &Self { name: "aarch64.o", arch: Arch::Aarch64, features: &[] },
        &Self { name: "aarch64-guarded.o", arch: Arch::Aarch64, features: &["guarded"] },
    ];

    /// Where it is committed, from the workspace's root.
    pub fn path(&self) -> String {
        format!("{DIRECTORY}/{}", self.name)
    }

    /// rustc's flags, but for the remapped paths, which differ between machines so that the object does not.
    fn flags(&self) -> impl Iterator<Item = String> {
        ["-Cdebuginfo=2".to_owned(), "-Clink-arg=--btf".to_owned()].into_iter().chain(self.arch_flags())
    }

    fn arch_flags(&self) -> [String; 2] {
        ["--cfg".to_owned(), format!("bpf_target_arch={:?}", self.arch.name())]
    }
}

/// Rebuilds the committed objects and their manifest.
pub fn build_committed(workspace: &Workspace) -> Result<()> {
    let directory = workspace.path(DIRECTORY);
    std::fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let manifest = build_all(workspace, &workspace.target.join("ebpf"), &directory)?;
    let path = workspace.path(MANIFEST);
    std::fs::write(&path, manifest.to_string()).with_context(|| format!("cannot write {}", path.display()))?;
    println!("build-ebpf: the objects in {DIRECTORY} and {MANIFEST} are written");
    Ok(())
}

/// Builds with features (deliberate faults), to a place of its own.
pub fn build_to(workspace: &Workspace, features: &[String], output: &Path) -> Result<()> {
    build(&Toolchain::find(workspace)?, workspace, Object::NATIVE, features, &workspace.target.join("ebpf"), output)?;
    println!("build-ebpf: {} is written", output.display());
    Ok(())
}

/// Fails unless the committed objects, byte for byte, are what the sources give.
pub fn check(workspace: &Workspace) -> Result<()> {
    let committed = Manifest::parse(&String::from_utf8_lossy(&read(workspace, MANIFEST)?))
        .with_context(|| format!("cannot read {MANIFEST}"))?;
    std::fs::create_dir_all(&workspace.target).context("cannot create the target directory")?;
    let scratch =
        tempfile::Builder::new().prefix("ebpf-check-").tempdir_in(&workspace.target).context("no scratch directory")?;
    let rebuilt = build_all(workspace, scratch.path(), scratch.path())?;
    for object in Object::ALL {
        let committed_object = read(workspace, &object.path())?;
        let rebuilt_object =
            std::fs::read(scratch.path().join(object.name)).context("cannot read the rebuilt object")?;
        for note in compare(object, &committed, &committed_object, &rebuilt, &rebuilt_object)? {
            println!("build-ebpf --check: {note}");
        }
        println!("build-ebpf --check: {} is what the sources give, byte for byte", object.path());
    }
    Ok(())
}

/// Builds all objects into `directory`.
fn build_all(workspace: &Workspace, target: &Path, directory: &Path) -> Result<Manifest> {
    let toolchain = Toolchain::find(workspace)?;
    let mut manifest = Manifest::default();
    for object in Object::ALL {
        let output = directory.join(object.name);
        build(&toolchain, workspace, object, &[], target, &output)?;
        let bytes = std::fs::read(&output).with_context(|| format!("cannot read {}", output.display()))?;
        manifest.set(Entry::Object, object.name, object_value(&bytes));
        manifest.set(Entry::Flags, object.name, object.flags().collect::<Vec<_>>().join(" "));
    }
    toolchain.describe(&mut manifest);
    Inputs::find(workspace)?.describe(&mut manifest)?;
    Ok(manifest)
}

fn read(workspace: &Workspace, path: &str) -> Result<Vec<u8>> {
    std::fs::read(workspace.path(path))
        .with_context(|| format!("cannot read {path} (cargo xtask build-ebpf writes it)"))
}

/// Notes for the person if the committed object holds, an error that says what differs if it does not.
fn compare(
    object: &Object,
    committed: &Manifest,
    committed_object: &[u8],
    rebuilt: &Manifest,
    rebuilt_object: &[u8],
) -> Result<Vec<String>> {
    const REMEDY: &str = "run `cargo xtask build-ebpf` and commit tracer/bpf";
    let path = object.path();
    if committed.get(Entry::Object, object.name) != Some(object_value(committed_object).as_str()) {
        bail!("{path} and {MANIFEST} are not of the same build: {REMEDY}");
    }
    let inputs = committed.differences(rebuilt, |entry| !matches!(entry, Entry::Toolchain | Entry::Object));
    let toolchain = committed.differences(rebuilt, |entry| entry == Entry::Toolchain);
    let same_bytes = committed_object == rebuilt_object;
    if !inputs.is_empty() {
        let what = if same_bytes {
            "gives the same bytes, but its manifest is out of date"
        } else {
            "is not what the sources give"
        };
        let all = [inputs, toolchain].concat();
        bail!("{path} {what}: {REMEDY}. Since it was built:\n  {}", all.join("\n  "));
    }
    if same_bytes {
        return Ok(toolchain.into_iter().map(|difference| format!("{difference} (the object is the same)")).collect());
    }
    if !toolchain.is_empty() {
        bail!(
            "{path} comes out otherwise with another toolchain: use the same one, or {REMEDY}.\n  {}",
            toolchain.join("\n  ")
        );
    }
    let at = committed_object.iter().zip(rebuilt_object).take_while(|(old, new)| old == new).count();
    bail!(
        "{path} is not what the sources give, although inputs and toolchain are the same: \
         {} bytes committed, {} rebuilt, the first difference at byte {at}. Either the profile in Cargo.toml \
         changed ({REMEDY}), or the build is not reproducible",
        committed_object.len(),
        rebuilt_object.len(),
    )
}

/// Compiles, links and strips tracer-ebpf.
fn build(
    toolchain: &Toolchain,
    workspace: &Workspace,
    object: &Object,
    features: &[String],
    target: &Path,
    output: &Path,
) -> Result<()> {
    let inputs = Inputs::find(workspace)?;
    // Flags differ between architectures: one directory for each, or each build would begin anew.
    let target = target.join(object.arch.name());
    let features: Vec<_> = object.features.iter().copied().chain(features.iter().map(String::as_str)).collect();
    let mut cargo = toolchain
        .cargo()
        .args([
            "build",
            "--locked",
            "--release",
            "--package",
            "tracer-ebpf",
            "--bin",
            "tracer-ebpf",
            "--target",
            TARGET,
        ])
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", encoded(object.flags().chain(inputs.remapped_paths(&workspace.root))))
        .current_dir(&workspace.root);
    if !features.is_empty() {
        cargo = cargo.arg("--features").arg(features.join(","));
    }
    cargo.status().context("cannot build tracer-ebpf")?;
    // The line information of .BTF.ext stays, for the verifier's messages; DWARF goes.
    toolchain
        .llvm_strip()
        .arg("--strip-debug")
        .arg("-o")
        .args([output, &target.join(TARGET).join("release/tracer-ebpf")])
        .status()
}

/// Clippy of Debian's toolchain on the kernel half: the other one has no core for its target.
pub fn clippy(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::find(workspace)?;
    // No source is for one architecture alone.
    for object in Object::ALL.iter().filter(|object| object.arch == Object::NATIVE.arch) {
        toolchain
            .clippy()
            .args(["clippy", "--locked", "--package", "tracer-ebpf", "--target", TARGET])
            .args(["--features", &object.features.join(",")])
            .env("CARGO_TARGET_DIR", workspace.target.join("ebpf-clippy"))
            .env("CARGO_ENCODED_RUSTFLAGS", encoded(object.arch_flags()))
            .current_dir(&workspace.root)
            .args(["--", "-D", "warnings"])
            .status()?;
    }
    Ok(())
}

fn encoded(flags: impl IntoIterator<Item = String>) -> String {
    flags.into_iter().collect::<Vec<_>>().join("\u{1f}")
}

fn object_value(object: &[u8]) -> String {
    format!("{} ({} bytes)", manifest::sha256(object), object.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(object: &[u8], source: &str, rustc: &str) -> Manifest {
        let mut manifest = Manifest::default();
        manifest.set(Entry::Object, Object::NATIVE.name, object_value(object));
        manifest.set(Entry::Source, "tracer-ebpf/src/main.rs", source.to_owned());
        manifest.set(Entry::Toolchain, "rustc", rustc.to_owned());
        manifest
    }

    fn why(committed: &Manifest, old: &[u8], rebuilt: &Manifest, new: &[u8]) -> String {
        compare(Object::NATIVE, committed, old, rebuilt, new).unwrap_err().to_string()
    }

    #[test]
    fn the_same_object_from_the_same_inputs_passes_without_a_word() {
        let manifest = built(b"abc", "1", "1.96");
        assert!(compare(Object::NATIVE, &manifest, b"abc", &manifest, b"abc").unwrap().is_empty());
    }

    #[test]
    fn another_toolchain_matters_only_if_the_bytes_differ() {
        let (old, new) = (built(b"abc", "1", "1.96"), built(b"abc", "1", "1.97"));
        let notes = compare(Object::NATIVE, &old, b"abc", &new, b"abc").unwrap();
        assert_eq!(notes, ["toolchain rustc: was 1.96, is 1.97 (the object is the same)"]);
        let why = why(&old, b"abc", &built(b"abd", "1", "1.97"), b"abd");
        assert!(why.contains("another toolchain") && why.contains("was 1.96, is 1.97"), "{why}");
    }

    #[test]
    fn a_changed_source_is_named_whether_or_not_the_bytes_differ() {
        let old = built(b"abc", "1", "1.96");
        let changed = why(&old, b"abc", &built(b"abd", "2", "1.96"), b"abd");
        assert!(changed.contains("is not what the sources give"), "{changed}");
        assert!(changed.contains("source tracer-ebpf/src/main.rs changed"), "{changed}");
        let stale = why(&old, b"abc", &built(b"abc", "2", "1.96"), b"abc");
        assert!(stale.contains("its manifest is out of date"), "{stale}");
    }

    #[test]
    fn bytes_that_differ_for_no_known_reason_are_located() {
        let why = why(&built(b"abc", "1", "1.96"), b"abc", &built(b"abdd", "1", "1.96"), b"abdd");
        assert!(why.contains("3 bytes committed, 4 rebuilt, the first difference at byte 2"), "{why}");
    }

    #[test]
    fn an_object_that_its_manifest_does_not_describe_is_refused() {
        let manifest = built(b"abc", "1", "1.96");
        let why = why(&manifest, b"abX", &manifest, b"abc");
        assert!(why.contains("not of the same build"), "{why}");
    }
}
