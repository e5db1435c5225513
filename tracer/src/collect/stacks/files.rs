//! The files whose code is mapped: found where their process sees them, held open while it lives, and only ever read.
//!
//! A file may be cut by its owner at any moment, and a program that has it mapped then ends with SIGBUS: so what is
//! looked for symbols is a copy.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::{
        fd::{AsRawFd as _, OwnedFd},
        unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    rc::Rc,
};

use rustix::fs::{CWD, MemfdFlags, Mode, OFlags, ResolveFlags, memfd_create, openat, openat2};

use super::mappings::{MappedFile, Mapping};

/// Most files that are held open: a process may have 1,024 by default.
const MOST_OPEN: usize = 256;

/// Most root directories: one for each container, say.
const MOST_ROOTS: usize = 64;

/// Larger files are not copied.
const LARGEST_BYTES: u64 = 1 << 30;

/// Bytes that are copied at once.
const PIECE_BYTES: usize = 1 << 20;

/// Where paths of processes begin. It keeps their mounts: those of a namespace go with its last process.
#[derive(Debug)]
pub struct Root {
    directory: OwnedFd,
    _namespace: Option<OwnedFd>,
}

/// What is held open.
#[derive(Default)]
pub struct Files {
    /// By device and inode of the directory and of the mount namespace.
    roots: HashMap<(u64, u64, u64), Rc<Root>>,
    open: HashMap<Rc<MappedFile>, File>,
    absent: HashSet<Rc<MappedFile>>,
}

impl Files {
    /// Where the paths of `pid` begin; `None`: it has ended, or there is no room.
    pub fn root_of(&mut self, pid: u32) -> Option<Rc<Root>> {
        let (path, namespace) = (format!("/proc/{pid}/root"), format!("/proc/{pid}/ns/mnt"));
        let directory = fs::metadata(&path).ok()?;
        let key = (directory.dev(), directory.ino(), fs::metadata(&namespace).ok()?.ino());
        if let Some(root) = self.roots.get(&key) {
            return Some(Rc::clone(root));
        }
        if self.roots.len() == MOST_ROOTS {
            return None;
        }
        let namespace = openat(CWD, namespace, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok();
        let root = Rc::new(Root { directory: directory_at(&path)?, _namespace: namespace });
        self.roots.insert(key, Rc::clone(&root));
        Some(root)
    }

    /// Opens the file of a mapping while its process lives, if there is room.
    pub fn hold(&mut self, pid: u32, mapping: &Mapping, root: Option<&Rc<Root>>) {
        let Some(file) = mapping.file.as_ref().filter(|file| file.inode != 0) else { return };
        if self.open.len() == MOST_OPEN || self.open.contains_key(file) || self.absent.contains(file) {
            return;
        }
        let by_path = || root.and_then(|root| open_in(root, file));
        // The one way to a file that has been deleted, or lies under another one (proc_pid_map_files(5)).
        let by_mapping = || {
            let path = format!("/proc/{pid}/map_files/{:x}-{:x}", mapping.start, mapping.end);
            read_regular(&openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?)
        };
        match by_path().or_else(by_mapping) {
            Some(open) => _ = self.open.insert(Rc::clone(file), open),
            None => _ = self.absent.insert(Rc::clone(file)),
        }
    }

    /// A copy of `file` that nobody else can change, as it is now; `None`: it is gone, or too large.
    pub fn copy(&self, file: &Rc<MappedFile>, root: Option<&Rc<Root>>) -> Option<File> {
        let late = || {
            let roots = root.into_iter().chain(self.roots.values());
            let found = roots.into_iter().find_map(|root| open_in(root, file));
            found.or_else(|| open_in(&Root { directory: directory_at("/")?, _namespace: None }, file))
        };
        match self.open.get(file) {
            Some(open) => copy_of(open).ok(),
            None => copy_of(&late()?).ok(),
        }
    }
}

fn directory_at(path: &str) -> Option<OwnedFd> {
    openat(CWD, path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// Opens `file` below `root`, out of which no link leads.
fn open_in(root: &Root, file: &MappedFile) -> Option<File> {
    open_checked(below(root, &file.path)?, file)
}

/// What `path` stands for below `root`, not opened for reading yet: a target may put a pipe or a device there.
pub fn below(root: &Root, path: &str) -> Option<OwnedFd> {
    let (flags, resolve) = (OFlags::PATH | OFlags::CLOEXEC, ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS);
    openat2(&root.directory, path, flags, Mode::empty(), resolve).ok()
}

/// Opens for reading what `found` stands for, if it is the file that was mapped.
fn open_checked(found: OwnedFd, file: &MappedFile) -> Option<File> {
    let open = read_regular(&found)?;
    (open.metadata().ok()?.ino() == file.inode).then_some(open)
}

/// Opens for reading what `found` stands for, if it is a regular file.
pub fn read_regular(found: &OwnedFd) -> Option<File> {
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    let is_file = fs::metadata(&path).ok()?.is_file();
    is_file.then(|| OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).ok())?
}

fn copy_of(file: &File) -> io::Result<File> {
    let length = file.metadata()?.len();
    if length > LARGEST_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut copy = File::from(memfd_create("tracer-symbols", MemfdFlags::CLOEXEC)?);
    let mut piece = vec![0; PIECE_BYTES];
    let mut position = 0;
    while position < length {
        let read = file.read_at(&mut piece, position)?;
        if read == 0 {
            break;
        }
        copy.write_all(&piece[..read])?;
        position += read as u64;
    }
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn root(path: &str) -> Root {
        Root { directory: directory_at(path).unwrap(), _namespace: None }
    }

    fn file(path: &str, inode: u64) -> Rc<MappedFile> {
        Rc::new(MappedFile { path: path.into(), inode })
    }

    #[test]
    fn a_file_is_taken_for_the_mapped_one_only_if_it_has_its_inode() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("program"), "code").unwrap();
        let inode = fs::metadata(directory.path().join("program")).unwrap().ino();
        let root = root(directory.path().to_str().unwrap());
        assert!(open_in(&root, &file("/program", inode)).is_some());
        assert!(open_in(&root, &file("/program", inode + 1)).is_none());
    }

    #[test]
    fn no_link_leads_out_of_a_root() {
        let (outside, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = outside.path().join("secret");
        fs::write(&secret, "").unwrap();
        std::os::unix::fs::symlink(&secret, directory.path().join("link")).unwrap();
        let root = root(directory.path().to_str().unwrap());
        assert!(below(&root, "/link").is_none());
        assert!(below(&root, "/../../../../../../etc/passwd").is_none());
    }

    #[test]
    fn a_pipe_or_a_device_is_not_opened() {
        let root = root("/");
        assert!(read_regular(&below(&root, "/dev/null").unwrap()).is_none());
        assert!(read_regular(&below(&root, "/").unwrap()).is_none());
    }

    #[test]
    fn a_copy_stays_whole_when_its_file_is_cut() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        fs::write(&path, vec![7; 100_000]).unwrap();
        let source = File::open(&path).unwrap();
        let mut copy = copy_of(&source).unwrap();
        File::create(&path).unwrap();
        io::Seek::rewind(&mut copy).unwrap();
        let mut bytes = Vec::new();
        copy.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, vec![7; 100_000]);
    }
}
