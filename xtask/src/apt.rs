//! apt, asked about another release of Debian or for another processor than the machine's own: with lists of its own, and nothing
//! installed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::arch::Arch;
use crate::command::Run;

/// apt, as it would be on another machine where nothing is installed yet.
pub struct Apt {
    directory: PathBuf,
    arch: Arch,
}

impl Apt {
    /// Fetches the lists of `suite` into `directory`, from where this machine has its own packages.
    pub fn of_suite(suite: &str, arch: Arch, directory: &Path) -> Result<Self> {
        let sources = format!(
            "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
            mirror()?
        );
        Self::with_lists(arch, directory, Some(&sources))
    }

    /// Fetches the lists that this machine has, for another processor.
    pub fn of_this_machine(arch: Arch, directory: &Path) -> Result<Self> {
        Self::with_lists(arch, directory, None)
    }

    fn with_lists(arch: Arch, directory: &Path, sources: Option<&str>) -> Result<Self> {
        let this = Self { directory: directory.to_owned(), arch };
        for place in ["lists/partial", "cache/archives/partial"] {
            let place = directory.join(place);
            fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
        }
        // What is installed: nothing.
        fs::write(this.status(), "").with_context(|| format!("cannot write {}", this.status().display()))?;
        if let Some(sources) = sources {
            fs::write(this.sources(), sources).with_context(|| format!("cannot write {}", this.sources().display()))?;
        }
        this.run("apt-get").args(["update", "--quiet"]).status()?;
        Ok(this)
    }

    /// The first package that `package` depends on.
    pub fn dependency(&self, package: &str) -> Result<String> {
        let answer = self.run("apt-cache").args(["depends", package]).capture()?;
        let depends = answer.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
        Ok(depends.with_context(|| format!("the lists do not say what {package} depends on"))?.to_owned())
    }

    /// Fetches a package, and unpacks it into `directory`.
    pub fn unpack(&self, package: &str, directory: &Path) -> Result<()> {
        let archives = self.archives();
        self.run("apt-get").args(["download", "--quiet", package]).current_dir(&archives).status()?;
        self.unpack_archives(directory).with_context(|| format!("cannot unpack {package}"))
    }

    /// Fetches packages and all that they depend on, and unpacks them into `directory`.
    pub fn unpack_with_dependencies(&self, packages: &[&str], directory: &Path) -> Result<()> {
        self.run("apt-get")
            .args(["install", "--download-only", "--yes", "--quiet", "--no-install-recommends"])
            .args(packages)
            .status()?;
        self.unpack_archives(directory)
    }

    fn unpack_archives(&self, directory: &Path) -> Result<()> {
        let archives = self.archives();
        let files = fs::read_dir(&archives).with_context(|| format!("cannot read {}", archives.display()))?;
        let mut debs: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
        debs.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
        for deb in debs {
            Run::new("dpkg-deb").arg("--extract").arg(&deb).arg(directory).status()?;
            fs::remove_file(&deb).with_context(|| format!("cannot remove {}", deb.display()))?;
        }
        Ok(())
    }

    fn archives(&self) -> PathBuf {
        self.directory.join("cache/archives")
    }

    fn sources(&self) -> PathBuf {
        self.directory.join("debian.sources")
    }

    fn status(&self) -> PathBuf {
        self.directory.join("status")
    }

    fn run(&self, program: &str) -> Run {
        let mut own: Vec<(&str, PathBuf)> = vec![
            ("APT::Architecture", self.arch.debian().into()),
            ("APT::Architectures::", self.arch.debian().into()),
            ("Dir::State::lists", self.directory.join("lists")),
            ("Dir::State::status", self.status()),
            ("Dir::Cache", self.directory.join("cache")),
            // Descriptions of programs, for shops of software.
            ("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false".into()),
            // The other user whom apt fetches as may not write here.
            ("APT::Sandbox::User", "root".into()),
        ];
        if self.sources().is_file() {
            own.extend([("Dir::Etc::sourcelist", self.sources()), ("Dir::Etc::sourceparts", "/dev/null".into())]);
        }
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
