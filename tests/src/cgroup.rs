//! Cgroups of a test's own, in whatever hierarchies this machine has.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::wait;

/// The hierarchies that a test can make cgroups in, each with its kind: `v2`, or a controller of version 1.
///
/// # Panics
/// If the mounts cannot be read.
#[must_use]
pub fn hierarchies() -> Vec<(String, PathBuf)> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("reading the mounts");
    let hierarchy = |line: &str| {
        let (place, kind) = line.split_once(" - ")?;
        let point = PathBuf::from(place.split_whitespace().nth(4)?);
        let mut kind = kind.split_whitespace();
        match (kind.next()?, kind.nth(1)?) {
            ("cgroup2", _) => Some(("v2".to_owned(), point)),
            // Groups of this one need no setting before a process may enter.
            ("cgroup", options) if options.split(',').any(|option| option == "pids") => {
                Some(("pids".to_owned(), point))
            }
            _ => None,
        }
    };
    mounts.lines().filter_map(hierarchy).collect()
}

/// A cgroup, removed on drop; whoever is in it goes back to the one above.
pub struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes it below `root`.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn make(root: &Path, name: &str) -> Self {
        let path = root.join(name);
        fs::create_dir(&path).unwrap_or_else(|error| panic!("making the cgroup {}: {error}", path.display()));
        Self(path)
    }

    /// Its directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Moves a process into it.
    ///
    /// # Panics
    /// If the kernel refuses.
    pub fn take(&self, pid: u32) {
        enter(&self.0, pid);
    }

    /// Moves a process out of it, to the one above.
    ///
    /// # Panics
    /// If the kernel refuses.
    pub fn release(&self, pid: u32) {
        enter(self.0.parent().expect("a cgroup lies below another"), pid);
    }
}

fn enter(cgroup: &Path, pid: u32) {
    let path = cgroup.join("cgroup.procs");
    fs::write(&path, pid.to_string()).unwrap_or_else(|error| panic!("writing to {}: {error}", path.display()));
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // A process that has ended counts for a moment longer.
        let remove = || {
            for pid in fs::read_to_string(self.0.join("cgroup.procs")).unwrap_or_default().lines() {
                let above = self.0.parent().map(|above| above.join("cgroup.procs"));
                // It may have ended meanwhile.
                let _ = above.map(|above| fs::write(above, pid));
            }
            fs::remove_dir(&self.0).ok()
        };
        let _ = wait::until(Duration::from_secs(2), remove);
    }
}
