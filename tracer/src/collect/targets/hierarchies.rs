//! The cgroup hierarchies of this machine: where they are mounted, and what lies in them (cgroups(7)).

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use procfs::process::Process;

/// A mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// Where.
    pub mount: PathBuf,
    /// How the kernel half finds a task's cgroup in it.
    pub kind: Kind,
}

/// Which hierarchy it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The one of version 2.
    V2,
    /// One of version 1 with this controller: the index in [`CONTROLLERS`].
    V1(usize),
    /// One of version 1 that has a name and no controller: a task's cgroup in it cannot be told in the kernel.
    Named,
}

/// Controllers of version 1 that have hierarchies, those first in which each container and each unit most likely has a
/// cgroup of its own; and the kernel's name for each (`include/linux/cgroup_subsys.h`).
pub const CONTROLLERS: [(&str, &str); 12] = [
    ("memory", "memory"),
    ("pids", "pids"),
    ("cpu", "cpu"),
    ("cpuacct", "cpuacct"),
    ("blkio", "io"),
    ("devices", "devices"),
    ("freezer", "freezer"),
    ("cpuset", "cpuset"),
    ("net_cls", "net_cls"),
    ("perf_event", "perf_event"),
    ("net_prio", "net_prio"),
    ("hugetlb", "hugetlb"),
];

impl Hierarchy {
    /// Those that are mounted where this process can see them, the best to ask first.
    ///
    /// # Errors
    /// If the mounts cannot be read.
    pub fn all() -> Result<Vec<Self>> {
        let mounts = Process::myself().and_then(|process| process.mountinfo()).context("cannot read the mounts")?;
        let mut all: Vec<_> = mounts
            .into_iter()
            .filter_map(|mount| {
                let kind = match mount.fs_type.as_str() {
                    "cgroup2" => Kind::V2,
                    "cgroup" => {
                        let has = |&(name, _): &(&str, _)| mount.super_options.contains_key(name);
                        CONTROLLERS.iter().position(has).map_or(Kind::Named, Kind::V1)
                    }
                    _ => return None,
                };
                Some(Self { mount: mount.mount_point, kind })
            })
            .collect();
        all.sort_by(|one, other| one.kind.cmp(&other.kind));
        Ok(all)
    }

    /// The directory of the cgroup with this path; `None`: there is none.
    pub fn directory(&self, path: &str) -> Option<PathBuf> {
        let relative = Path::new(path.trim_start_matches('/'));
        // Never out of the hierarchy.
        let is_inside = relative.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let directory = self.mount.join(relative);
        (is_inside && directory.is_dir()).then_some(directory)
    }

    /// Calls `visit` with each cgroup's directory and name, those above before those below.
    pub fn walk(&self, visit: &mut dyn FnMut(&Path, &str)) {
        walk(&self.mount, visit);
    }
}

fn walk(directory: &Path, visit: &mut dyn FnMut(&Path, &str)) {
    // A cgroup may go while it is looked at.
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let path = entry.path();
        if let Some(name) = entry.file_name().to_str() {
            visit(&path, name);
        }
        walk(&path, visit);
    }
}

/// The id of the cgroup behind a directory: its inode.
///
/// # Errors
/// If it has gone.
pub fn id(directory: &Path) -> io::Result<u64> {
    Ok(fs::metadata(directory)?.ino())
}

/// Threads in a cgroup and those below.
pub fn threads(directory: &Path) -> usize {
    let mut sum = own_threads(directory);
    walk(directory, &mut |below, _| sum += own_threads(below));
    sum
}

fn own_threads(directory: &Path) -> usize {
    // Version 2 has the first, version 1 the second; a domain of version 2 that delegates threads, only the third.
    let files = ["cgroup.threads", "tasks", "cgroup.procs"];
    let text = files.iter().find_map(|file| fs::read_to_string(directory.join(file)).ok());
    text.map_or(0, |text| text.lines().count())
}
