//! What `cargo xtask setup` puts beside the build.

use std::path::PathBuf;

/// The directory that cargo builds in.
///
/// # Panics
/// If the running program lies elsewhere.
#[must_use]
pub fn target_folder() -> PathBuf {
    let program = std::env::current_exe().expect("the path of this program");
    let folder = program.parent().expect("a program lies in a directory");
    // target/PROFILE/deps/TEST or target/PROFILE/PROGRAM
    let profile = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    profile.and_then(|profile| profile.parent()).expect("it lies below the target directory").to_owned()
}

/// Prometheus' own tool.
#[must_use]
pub fn promtool() -> PathBuf {
    target_folder().join("tools/bin/promtool")
}

/// The linter of GitHub's workflows.
#[must_use]
pub fn actionlint() -> PathBuf {
    target_folder().join("tools/bin/actionlint")
}

/// The validator that knows the schemas of GitHub and GitLab.
#[must_use]
pub fn check_jsonschema() -> PathBuf {
    target_folder().join("tools/check-jsonschema/bin/check-jsonschema")
}

/// The jars of a set that Maven fetched, as Java's class path has them.
#[must_use]
pub fn jars(set: &str) -> PathBuf {
    target_folder().join(set).join("jars").join("*")
}

/// Why the jars of a set cannot be used, if so.
#[must_use]
pub fn jars_missing(set: &str) -> Option<String> {
    let marker = target_folder().join(set).join("installed.xml");
    (!marker.is_file()).then(|| format!("{} is missing: run `cargo xtask setup`", marker.display()))
}
