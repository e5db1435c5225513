//! Kernels as Debian ships them, unpacked and not installed. They stay in `target/vm`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use super::apt::Apt;
use super::kernels::Kernel;
use crate::command::Run;
use crate::workspace::Workspace;

/// The package that depends on a suite's newest kernel for virtual machines. Those have NVMe and ext4 built in.
const NEWEST: &str = "linux-image-cloud-amd64";

/// Modules that the tests' disk is made of.
const MODULES: [&str; 2] = ["kernel/fs/fuse/fuse.ko", "kernel/drivers/block/loop.ko"];

/// An unpacked kernel.
#[derive(Debug)]
pub struct Image {
    directory: PathBuf,
}

impl Image {
    /// What is there of it.
    pub fn of(workspace: &Workspace, kernel: &Kernel) -> Self {
        Self { directory: workspace.target.join("vm/kernels").join(kernel.version) }
    }

    /// Debian's package of it, which was unpacked last; `None`: none was.
    pub fn package(&self) -> Option<String> {
        fs::read_to_string(self.directory.join("package")).ok()
    }

    /// What QEMU boots.
    pub fn vmlinuz(&self) -> PathBuf {
        self.directory.join("vmlinuz")
    }

    /// Modules to load, in this order; where the kernel has one built in it is not there.
    pub fn modules(&self) -> Vec<PathBuf> {
        let names = MODULES.iter().filter_map(|module| Path::new(module).file_name());
        names.map(|name| self.directory.join(name)).filter(|path| path.is_file()).collect()
    }
}

/// One at a time: a kernel that is started in several ways is fetched once.
static FETCHING: Mutex<()> = Mutex::new(());

/// Fetches the kernel unless it is there.
pub fn fetch(workspace: &Workspace, kernel: &Kernel) -> Result<Image> {
    let _one = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    let image = Image::of(workspace, kernel);
    if image.package().is_some() {
        return Ok(image);
    }
    println!("Linux {} is missing; Debian's package of {} is fetched", kernel.version, kernel.suite);
    if image.directory.exists() {
        // What an interrupted run has left.
        fs::remove_dir_all(&image.directory)?;
    }
    fs::create_dir_all(&image.directory).with_context(|| format!("cannot make {}", image.directory.display()))?;
    let apt = Apt::of_suite(kernel.suite, &image.directory.join("apt"))?;
    let package = apt.dependency(NEWEST)?;
    let deb = apt.download(&package, &image.directory)?;
    unpack(&deb, &image.directory).with_context(|| format!("cannot unpack {package}"))?;
    fs::remove_dir_all(image.directory.join("apt"))?;
    fs::remove_file(&deb)?;
    // Last: so it tells that all is there.
    fs::write(image.directory.join("package"), package)?;
    Ok(image)
}

/// Picks the kernel and its modules out of the package.
fn unpack(deb: &Path, directory: &Path) -> Result<()> {
    let unpacked = directory.join("unpacked");
    Run::new("dpkg-deb").arg("--extract").arg(deb).arg(&unpacked).status()?;
    let boot = unpacked.join("boot");
    let vmlinuz = only_entry(&boot, |name| name.starts_with("vmlinuz-"))?;
    fs::rename(vmlinuz, directory.join("vmlinuz"))?;
    let modules = ["usr/lib/modules", "lib/modules"].map(|place| unpacked.join(place));
    let modules = modules.iter().find(|place| place.is_dir()).context("it has no modules")?;
    let modules = only_entry(modules, |_| true)?;
    for module in MODULES {
        let plain = modules.join(module);
        let packed = plain.with_extension("ko.xz");
        if packed.is_file() {
            Run::new("xz").arg("--decompress").arg(&packed).status()?;
        }
        let name = plain.file_name().context("a module has a name")?;
        if plain.is_file() {
            fs::rename(&plain, directory.join(name))?;
        }
    }
    fs::remove_dir_all(unpacked)?;
    Ok(())
}

fn only_entry(directory: &Path, wanted: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut names = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_wanted = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(&wanted);
    names.find(is_wanted).with_context(|| format!("{} has not what was looked for", directory.display()))
}
