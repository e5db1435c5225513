//! Apache Kafka from Maven Central, for the tests: jars in `target/kafka`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::command::Run;
use crate::workspace::Workspace;

/// Which jars, in Maven's words.
const PROJECT: &str = include_str!("kafka.xml");

/// Fetches the jars unless those of this project file are there.
pub fn jars(workspace: &Workspace) -> Result<()> {
    let place = workspace.target.join("kafka");
    if is_installed(&place) {
        println!("setup: Apache Kafka: there, {}", place.display());
        return Ok(());
    }
    println!("setup: Apache Kafka is missing; Maven fetches 45 MB");
    let doing = || format!("cannot make {}", place.display());
    if place.exists() {
        // Of another version, or half of one.
        fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
    }
    fs::create_dir_all(&place).with_context(doing)?;
    let project = place.join("pom.xml");
    fs::write(&project, PROJECT).with_context(doing)?;
    Run::new("mvn")
        .args(["--quiet", "--batch-mode", "--file"])
        .arg(&project)
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", place.join("jars").display()))
        .status()
        .context("cannot fetch Apache Kafka (behind a proxy or a mirror, tell Maven so in ~/.m2/settings.xml)")?;
    // Last: an interrupted run leaves no marker behind.
    fs::write(place.join(MARKER), PROJECT).with_context(doing)
}

/// Holds the project file that the jars beside it are of.
const MARKER: &str = "installed.xml";

fn is_installed(place: &Path) -> bool {
    fs::read_to_string(place.join(MARKER)).is_ok_and(|installed| installed == PROJECT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jars_of_another_project_file_are_not_ours() {
        let place = tempfile::tempdir().unwrap();
        assert!(!is_installed(place.path()));
        fs::write(place.path().join(MARKER), PROJECT.replace("3.9.1", "3.9.0")).unwrap();
        assert!(!is_installed(place.path()));
        fs::write(place.path().join(MARKER), PROJECT).unwrap();
        assert!(is_installed(place.path()));
    }
}
