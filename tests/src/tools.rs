//! What `cargo xtask setup` puts beside the build.

use std::path::PathBuf;

/// The directory that cargo builds in.
///
/// # Panics
/// If the running test lies elsewhere.
#[must_use]
pub fn target_folder() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    // target/PROFILE/deps/TEST
    test.ancestors().nth(3).expect("a test lies below the target directory").to_owned()
}

/// Prometheus' own tool.
#[must_use]
pub fn promtool() -> PathBuf {
    target_folder().join("tools/bin/promtool")
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
