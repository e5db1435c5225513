//! What goes into the object: our sources, and the crates that Cargo.lock names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::manifest::{Entry, Manifest, sha256};
use super::toolchain::{self, Features};
use crate::workspace::Workspace;

/// The package of the kernel half.
const PACKAGE: &str = "tracer-ebpf";

/// Everything that tracer-ebpf is compiled from, found through cargo's dependency graph.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Our files, by path from the workspace's root.
    sources: BTreeMap<String, PathBuf>,
    /// Other people's crates and their versions.
    dependencies: BTreeMap<String, BTreeSet<String>>,
    /// Directories that hold the sources of those crates.
    registries: BTreeSet<PathBuf>,
}

impl Inputs {
    pub fn find(workspace: &Workspace) -> Result<Self> {
        let metadata = toolchain::debian_cargo(Features::Unstable)
            .args(["metadata", "--locked", "--format-version=1"])
            // The target's dependencies, and those of the macros, which run on the building machine.
            .args(["--filter-platform", super::TARGET, "--filter-platform", "x86_64-unknown-linux-gnu"])
            .current_dir(&workspace.root)
            .capture()
            .context("cannot find tracer-ebpf's dependencies")?;
        let metadata: Value = serde_json::from_str(&metadata).context("cannot read cargo's metadata")?;
        let mut inputs = Self::default();
        for package in closure(&metadata) {
            inputs.add(package, &workspace.root)?;
        }
        Ok(inputs)
    }

    fn add(&mut self, package: &Value, root: &Path) -> Result<()> {
        let text =
            |key: &str| package[key].as_str().with_context(|| format!("a package without {key} in cargo's metadata"));
        let manifest_path = Path::new(text("manifest_path")?);
        let directory = manifest_path.parent().context("a Cargo.toml without a directory")?;
        if package["source"].is_null() {
            self.add_source(manifest_path, root)?;
            return self.add_sources(&directory.join("src"), root);
        }
        self.dependencies.entry(text("name")?.to_owned()).or_default().insert(text("version")?.to_owned());
        self.registries.extend(directory.parent().map(Path::to_owned));
        Ok(())
    }

    fn add_sources(&mut self, directory: &Path, root: &Path) -> Result<()> {
        let cannot = || format!("cannot list {}", directory.display());
        for entry in std::fs::read_dir(directory).with_context(cannot)? {
            let path = entry.with_context(cannot)?.path();
            if path.is_dir() {
                self.add_sources(&path, root)?;
            } else {
                self.add_source(&path, root)?;
            }
        }
        Ok(())
    }

    fn add_source(&mut self, path: &Path, root: &Path) -> Result<()> {
        let relative =
            path.strip_prefix(root).with_context(|| format!("{} is outside the workspace", path.display()))?;
        self.sources.insert(relative.display().to_string(), path.to_owned());
        Ok(())
    }

    /// rustc's flags that hide where this machine keeps the sources: the object must not differ for it. The
    /// directory under the registry's has a name that depends on the machine's configuration, so it goes too.
    pub fn remapped_paths(&self, root: &Path) -> impl Iterator<Item = String> {
        let registries = self.registries.iter().map(|directory| remapped(directory, "/cargo"));
        // The last that matches holds: a registry may lie inside the workspace.
        std::iter::once(remapped(root, "/w")).chain(registries)
    }

    /// Adds sources and dependencies to the manifest.
    pub fn describe(&self, manifest: &mut Manifest) -> Result<()> {
        for (name, path) in &self.sources {
            let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
            manifest.set(Entry::Source, name, sha256(&bytes));
        }
        for (name, versions) in &self.dependencies {
            manifest.set(Entry::Dependency, name, versions.iter().cloned().collect::<Vec<_>>().join(", "));
        }
        Ok(())
    }
}

fn remapped(directory: &Path, name: &str) -> String {
    format!("--remap-path-prefix={}={name}", directory.display())
}

/// The packages that [`PACKAGE`] is built from, itself included. Tests' dependencies are not among them.
fn closure(metadata: &Value) -> Vec<&Value> {
    let by_id = |list: &'static [&str]| -> BTreeMap<&str, &Value> {
        let list = list.iter().fold(metadata, |value, key| &value[*key]);
        list.as_array().into_iter().flatten().filter_map(|item| Some((item["id"].as_str()?, item))).collect()
    };
    let packages = by_id(&["packages"]);
    let nodes = by_id(&["resolve", "nodes"]);
    let start = packages.values().find(|package| package["name"] == PACKAGE).and_then(|package| package["id"].as_str());
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<_> = start.into_iter().collect();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            let dependencies = nodes.get(id).and_then(|node| node["deps"].as_array()).into_iter().flatten();
            waiting.extend(
                dependencies
                    .filter(|dependency| is_built(dependency))
                    .filter_map(|dependency| dependency["pkg"].as_str()),
            );
        }
    }
    seen.into_iter().filter_map(|id| packages.get(id).copied()).collect()
}

/// Whether an edge of the graph is more than a dependency of tests.
fn is_built(dependency: &Value) -> bool {
    dependency["dep_kinds"].as_array().is_none_or(|kinds| kinds.iter().any(|kind| kind["kind"] != "dev"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_closure_follows_builds_and_leaves_tests_out() {
        let package = |name: &str| json!({"id": name, "name": name});
        let metadata = json!({
            "packages": [package("tracer-ebpf"), package("common"), package("macros"), package("only-in-tests"), package("tracer")],
            "resolve": {"nodes": [
                {"id": "tracer-ebpf", "deps": [
                    {"pkg": "common", "dep_kinds": [{"kind": null}]},
                    {"pkg": "only-in-tests", "dep_kinds": [{"kind": "dev"}]},
                ]},
                {"id": "common", "deps": [{"pkg": "macros", "dep_kinds": [{"kind": "build"}, {"kind": "dev"}]}]},
                {"id": "tracer", "deps": [{"pkg": "common", "dep_kinds": [{"kind": null}]}]},
            ]},
        });
        let names: Vec<_> = closure(&metadata).into_iter().map(|package| package["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["common", "macros", "tracer-ebpf"]);
    }

    #[test]
    fn a_registry_inside_the_workspace_is_remapped_as_a_registry() {
        let inputs =
            Inputs { registries: BTreeSet::from(["/src/.cargo/registry/src/index-1".into()]), ..Inputs::default() };
        let flags: Vec<_> = inputs.remapped_paths(Path::new("/src")).collect();
        assert_eq!(
            flags,
            ["--remap-path-prefix=/src=/w", "--remap-path-prefix=/src/.cargo/registry/src/index-1=/cargo"]
        );
    }
}
