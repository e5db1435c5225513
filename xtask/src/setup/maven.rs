//! Jars from Maven Central, for the tests: each set in a directory of its own below `target`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::command::Run;
use crate::workspace::Workspace;

/// Jars that are fetched together.
struct Jars {
    /// What they are.
    name: &'static str,
    /// The directory below `target`.
    directory: &'static str,
    /// What Maven fetches.
    size: &'static str,
    /// Which jars, in Maven's words.
    project: &'static str,
}

const ALL: &[Jars] = &[
    Jars { name: "Apache Kafka", directory: "kafka", size: "45 MB", project: include_str!("kafka.xml") },
    Jars { name: "HdrHistogram", directory: "hdrhistogram", size: "0.2 MB", project: include_str!("hdrhistogram.xml") },
];

/// Fetches the jars unless those of the project files are there.
pub fn jars(workspace: &Workspace) -> Result<()> {
    ALL.iter().try_for_each(|jars| jars.fetch(&workspace.target.join(jars.directory)))
}

impl Jars {
    fn fetch(&self, place: &Path) -> Result<()> {
        let Self { name, size, project, .. } = self;
        if self.are_installed(place) {
            println!("setup: {name}: there, {}", place.display());
            return Ok(());
        }
        println!("setup: {name} is missing; Maven fetches {size}");
        let doing = || format!("cannot make {}", place.display());
        if place.exists() {
            // Of another version, or half of one.
            fs::remove_dir_all(place).with_context(|| format!("cannot remove {}", place.display()))?;
        }
        fs::create_dir_all(place).with_context(doing)?;
        let file = place.join("pom.xml");
        fs::write(&file, project).with_context(doing)?;
        Run::new("mvn")
            .args(["--quiet", "--batch-mode", "--file"])
            .arg(&file)
            .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
            .arg(format!("-DoutputDirectory={}", place.join("jars").display()))
            .status()
            .with_context(|| {
                format!("cannot fetch {name} (behind a proxy or a mirror, tell Maven so in ~/.m2/settings.xml)")
            })?;
        // Last: an interrupted run leaves no marker behind.
        fs::write(place.join(MARKER), project).with_context(doing)
    }

    fn are_installed(&self, place: &Path) -> bool {
        fs::read_to_string(place.join(MARKER)).is_ok_and(|installed| installed == self.project)
    }
}

/// Holds the project file that the jars beside it are of.
const MARKER: &str = "installed.xml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jars_of_another_project_file_are_not_ours() {
        for jars in ALL {
            let place = tempfile::tempdir().unwrap();
            assert!(!jars.are_installed(place.path()));
            fs::write(place.path().join(MARKER), jars.project.replace("<version>", "<version>0.")).unwrap();
            assert!(!jars.are_installed(place.path()));
            fs::write(place.path().join(MARKER), jars.project).unwrap();
            assert!(jars.are_installed(place.path()));
        }
    }
}
