//! Kernels as Debian ships them for virtual machines, the newest of each release: unpacked and not installed. They have NVMe and
//! ext4 built in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::kernels::Kernel;
use crate::apt::Apt;
use crate::command::Run;
use crate::kept;
use crate::workspace::Workspace;

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
        let directory = format!("vm/kernels/{}-{}", kernel.version, kernel.arch.debian());
        Self { directory: workspace.target.join(directory) }
    }

    /// Debian's package of it, which was unpacked last; `None`: none was.
    pub fn package(&self) -> Option<String> {
        kept::contents(&self.directory)
    }

    /// What QEMU boots.
    pub fn vmlinuz(&self) -> PathBuf {
        self.directory.join("vmlinuz")
    }

    /// What lies in /boot for everybody to read: its configuration.
    pub fn boot(&self) -> PathBuf {
        self.directory.join("boot")
    }

    /// Modules to load, in this order; where the kernel has one built in it is not there.
    pub fn modules(&self) -> Vec<PathBuf> {
        let names = MODULES.iter().filter_map(|module| Path::new(module).file_name());
        names.map(|name| self.directory.join(name)).filter(|path| path.is_file()).collect()
    }
}

/// Fetches the kernel unless it is there.
pub fn fetch(workspace: &Workspace, kernel: &Kernel) -> Result<Image> {
    let image = Image::of(workspace, kernel);
    let what = format!("Linux {} for {}", kernel.version, kernel.arch.debian());
    kept::filled(&image.directory, &what, |directory| {
        let apt = Apt::of_suite(kernel.suite, kernel.arch, &directory.join("apt"))?;
        let package = apt.dependency(&format!("linux-image-cloud-{}", kernel.arch.debian()))?;
        let unpacked = directory.join("unpacked");
        apt.unpack(&package, &unpacked)?;
        pick(&unpacked, directory)?;
        fs::remove_dir_all(&unpacked)?;
        fs::remove_dir_all(directory.join("apt"))?;
        Ok(package)
    })?;
    Ok(image)
}

/// Picks the kernel and its modules out of what the package has.
fn pick(unpacked: &Path, directory: &Path) -> Result<()> {
    let boot = unpacked.join("boot");
    let vmlinuz = only_entry(&boot, |name| name.starts_with("vmlinuz-"))?;
    fs::rename(vmlinuz, directory.join("vmlinuz"))?;
    let config = only_entry(&boot, |name| name.starts_with("config-"))?;
    let name = config.file_name().context("a configuration has a name")?;
    fs::create_dir(directory.join("boot"))?;
    fs::rename(&config, directory.join("boot").join(name))?;
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
    Ok(())
}

fn only_entry(directory: &Path, wanted: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut names = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_wanted = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(&wanted);
    names.find(is_wanted).with_context(|| format!("{} has not what was looked for", directory.display()))
}
