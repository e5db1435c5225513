//! Where file systems are mounted: for paths that begin at the root of a file system.

use std::{
    collections::HashMap,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
};

use procfs::process::{MountInfo, Process};

/// Most mount namespaces that are kept in mind.
const MOST_NAMESPACES: usize = 1000;

/// The mounts of each namespace that was asked for, by the namespace's inode.
#[derive(Debug, Default)]
pub struct Mounts(HashMap<u64, Vec<Mount>>);

/// A part of a file system, and where it is to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    /// `major:minor` of the file system.
    device: String,
    /// The directory of the file system that is mounted.
    root: String,
    /// Where, as processes of the namespace see it.
    point: String,
}

impl Mounts {
    /// Where process `pid` sees what lies at `path` in the file system on `device` (major, minor); if it has ended, or
    /// sees no such file system, where tracer sees it. `None`: neither does.
    pub fn path(&mut self, pid: u32, device: (u32, u32), path: &str) -> Option<String> {
        let own = std::process::id();
        [pid, own].into_iter().find_map(|pid| visible(self.of(pid)?, device, path))
    }

    fn of(&mut self, pid: u32) -> Option<&[Mount]> {
        let namespace = fs::metadata(format!("/proc/{pid}/ns/mnt")).ok()?.ino();
        if !self.0.contains_key(&namespace) && self.0.len() < MOST_NAMESPACES {
            let mounts = Process::new(i32::try_from(pid).ok()?).and_then(|process| process.mountinfo()).ok()?;
            self.0.insert(namespace, mounts.into_iter().map(Mount::from).collect());
        }
        self.0.get(&namespace).map(Vec::as_slice)
    }
}

impl From<MountInfo> for Mount {
    fn from(info: MountInfo) -> Self {
        Self {
            device: info.majmin,
            root: unescaped(info.root.as_bytes()),
            point: unescaped(info.mount_point.as_os_str().as_bytes()),
        }
    }
}

/// Where `path` of a file system is to be seen: through the mount of the smallest part that holds it, of several
/// through the latest.
fn visible(mounts: &[Mount], (major, minor): (u32, u32), path: &str) -> Option<String> {
    let device = format!("{major}:{minor}");
    let seen = mounts.iter().filter(|mount| mount.device == device);
    let seen = seen.filter_map(|mount| Some((mount, below(&mount.root, path)?)));
    let (mount, rest) = seen.max_by_key(|(mount, _)| mount.root.len())?;
    Some(format!("{}{rest}", mount.point.trim_end_matches('/')))
}

/// What is left of `path` below `directory`, with its slash.
fn below<'a>(directory: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(directory.trim_end_matches('/')).filter(|rest| rest.starts_with('/'))
}

/// A name of `mountinfo` (proc_pid_mountinfo(5)), where blanks and the like are three octal digits behind a backslash.
fn unescaped(name: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..3).filter(|_| *first == b'\\').and_then(|digits| str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &behind[3..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(device: &str, root: &str, point: &str) -> Mount {
        Mount { device: device.into(), root: root.into(), point: point.into() }
    }

    #[test]
    fn a_path_is_seen_through_the_mount_that_holds_the_least() {
        let mounts = [
            mount("8:1", "/", "/"),
            mount("8:2", "/", "/data"),
            mount("8:2", "/logs", "/var/log"),
            mount("8:3", "/only/this", "/this"),
        ];
        let at = |device, path| visible(&mounts, device, path);
        assert_eq!(at((8, 1), "/etc/passwd").as_deref(), Some("/etc/passwd"));
        assert_eq!(at((8, 2), "/a/b").as_deref(), Some("/data/a/b"));
        assert_eq!(at((8, 2), "/logs/b").as_deref(), Some("/var/log/b"));
        assert_eq!(at((8, 2), "/logs2/b").as_deref(), Some("/data/logs2/b"));
        assert_eq!(at((8, 3), "/other"), None);
        assert_eq!(at((8, 4), "/a"), None);
    }

    #[test]
    fn of_two_mounts_of_the_same_the_latest_is_taken() {
        let mounts = [mount("8:1", "/", "/old"), mount("8:1", "/", "/new")];
        assert_eq!(visible(&mounts, (8, 1), "/a").as_deref(), Some("/new/a"));
    }

    #[test]
    fn names_with_blanks_are_read() {
        assert_eq!(unescaped(br"/a\040b\134c"), r"/a b\c");
        assert_eq!(unescaped(br"/a\04"), r"/a\04");
        assert_eq!(unescaped(br"/a\999"), r"/a\999");
    }

    #[test]
    fn this_process_sees_its_own_program_at_its_place() {
        let program = std::env::current_exe().unwrap();
        let device = fs::metadata(&program).unwrap().dev();
        let mut mounts = Mounts::default();
        let pid = std::process::id();
        let own = mounts.of(pid).unwrap().to_vec();
        let device = (libc::major(device), libc::minor(device));
        // The path within its file system, by the mount that it is seen through.
        let name = program.to_str().unwrap();
        let holds = |mount: &&Mount| {
            mount.device == format!("{}:{}", device.0, device.1) && below(&mount.point, name).is_some()
        };
        let through = own.iter().filter(holds).max_by_key(|mount| mount.point.len()).unwrap();
        let within = format!("{}{}", through.root.trim_end_matches('/'), below(&through.point, name).unwrap());
        assert_eq!(mounts.path(pid, device, &within).as_deref(), Some(name));
        // Nobody has that id.
        assert_eq!(mounts.path(u32::MAX, device, &within).as_deref(), Some(name));
    }
}
