//! apt, asked about another release of Debian than the machine's own: with lists of its own, and nothing installed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Run;

/// apt, as it would be on a machine of that release.
pub struct Apt {
    directory: PathBuf,
}

impl Apt {
    /// Fetches the lists of `suite` into `directory`, from where this machine has its own packages.
    pub fn of_suite(suite: &str, directory: &Path) -> Result<Self> {
        let this = Self { directory: directory.to_owned() };
        for place in ["lists/partial", "cache/archives/partial"] {
            let place = directory.join(place);
            fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
        }
        let sources = format!(
            "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
            mirror()?
        );
        fs::write(this.sources(), sources).with_context(|| format!("cannot write {}", this.sources().display()))?;
        this.run("apt-get").args(["update", "--quiet"]).status()?;
        Ok(this)
    }

    /// The first package that `package` depends on.
    pub fn dependency(&self, package: &str) -> Result<String> {
        let answer = self.run("apt-cache").args(["depends", package]).capture()?;
        let depends = answer.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
        Ok(depends.with_context(|| format!("the lists do not say what {package} depends on"))?.to_owned())
    }

    /// Fetches a package into a directory that is empty, and returns the file.
    pub fn download(&self, package: &str, into: &Path) -> Result<PathBuf> {
        self.run("apt-get").args(["download", "--quiet", package]).current_dir(into).status()?;
        let files = fs::read_dir(into).with_context(|| format!("cannot read {}", into.display()))?;
        let mut paths = files.filter_map(|file| Some(file.ok()?.path()));
        let deb = paths.find(|path| path.extension().is_some_and(|extension| extension == "deb"));
        deb.with_context(|| format!("apt-get left no package {package}"))
    }

    fn sources(&self) -> PathBuf {
        self.directory.join("debian.sources")
    }

    fn run(&self, program: &str) -> Run {
        let own = [
            ("Dir::Etc::sourcelist", self.sources()),
            ("Dir::Etc::sourceparts", "/dev/null".into()),
            ("Dir::State::lists", self.directory.join("lists")),
            ("Dir::State::status", "/dev/null".into()),
            ("Dir::Cache", self.directory.join("cache")),
            // Descriptions of programs, for shops of software.
            ("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false".into()),
            // The other user whom apt fetches as may not write here.
            ("APT::Sandbox::User", "root".into()),
        ];
        own.into_iter().fold(Run::new(program), |run, (name, value)| {
            run.arg("--option").arg(format!("{name}={}", value.display()))
        })
    }
}

/// Where this machine's own Debian comes from.
fn mirror() -> Result<String> {
    let release = fs::read_to_string("/etc/os-release").context("cannot read /etc/os-release")?;
    let codename = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .context("/etc/os-release names no release of Debian")?;
    let targets = Run::new("apt-get")
        .args(["indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages", "Component: main"])
        .capture()?;
    mirror_of(&targets, codename)
        .with_context(|| format!("apt's sources have no {codename} main: kernels come from where Debian does"))
}

fn mirror_of(targets: &str, codename: &str) -> Option<String> {
    let target = |line: &str| {
        let (release, uri) = line.split_once(' ')?;
        (release == codename).then(|| uri.to_owned())
    };
    targets.lines().find_map(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_that_of_the_release_itself() {
        let targets = "bookworm-security http://one/\nbookworm http://two/debian/\nbookworm-updates http://three/\n";
        assert_eq!(mirror_of(targets, "bookworm").as_deref(), Some("http://two/debian/"));
        assert_eq!(mirror_of(targets, "trixie"), None);
    }
}
