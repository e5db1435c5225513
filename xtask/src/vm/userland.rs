//! The programs that the tests call, as Debian has them for the processor of the virtual machine: unpacked, and not installed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::apt::Apt;
use crate::arch::Arch;
use crate::kept;
use crate::workspace::Workspace;

/// The release: its C library must not be older than the one that the tests were linked with.
const SUITE: &str = "trixie";

/// What holds the programs; busybox has the rest.
const PACKAGES: &[&str] =
    &["busybox-static", "coreutils", "dash", "e2fsprogs", "libc-bin", "libgcc-s1", "mount", "util-linux"];

/// Places that Debian keeps below /usr.
const MERGED: [&str; 3] = ["bin", "lib", "sbin"];

/// What no program reads.
const NEEDLESS: [&str; 5] =
    ["usr/share/doc", "usr/share/locale", "usr/share/man", "usr/share/info", "usr/share/bash-completion"];

/// The directory that holds all of it, as it is to lie at the root. It is fetched unless it is there.
pub fn fetch(workspace: &Workspace, arch: Arch) -> Result<PathBuf> {
    let directory = workspace.target.join(format!("vm/userland/{}", arch.debian()));
    let root = directory.join("root");
    kept::filled(&directory, &format!("what a virtual machine of {} starts with", arch.debian()), |directory| {
        let apt = Apt::of_suite(SUITE, arch, &directory.join("apt"))?;
        apt.unpack_with_dependencies(PACKAGES, &root)?;
        merge(&root, arch)?;
        fs::remove_dir_all(directory.join("apt"))?;
        Ok(PACKAGES.join(" "))
    })?;
    Ok(root)
}

fn merge(root: &Path, arch: Arch) -> Result<()> {
    for place in NEEDLESS.map(|place| root.join(place)) {
        if place.exists() {
            fs::remove_dir_all(place)?;
        }
    }
    for place in MERGED {
        symlink(format!("usr/{place}"), root.join(place))?;
    }
    if arch == Arch::X86_64 {
        symlink("usr/lib64", root.join("lib64"))?;
    }
    Ok(())
}
