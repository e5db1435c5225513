//! A disk's image each read of which takes a while.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use fuser::{
    Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags,
    ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite, Request, Session, WriteFlags,
};
use rustix::mount::{UnmountFlags, unmount};

/// What a read takes, and what it takes to make sure of what was written: long beside the time for which a busy host
/// keeps the reader from sleeping, or lets it wait for a processor that it woke.
const DELAY: Duration = Duration::from_millis(1);

const IMAGE: INodeNo = INodeNo(2);
const NAME: &str = "image";

/// A file system of one file, mounted. Unmounted on drop, once nobody uses it any more.
pub struct SlowImage {
    point: PathBuf,
}

impl SlowImage {
    /// Serves `image` at `point`, a directory, until nobody uses it any more.
    ///
    /// # Errors
    /// If the kernel mounts no file systems of programs.
    pub fn serve(image: File, point: &Path) -> Result<Self> {
        let size_bytes = image.metadata()?.len();
        let session = Session::new(Image { image, size_bytes }, point, &Config::default());
        let session = session.context("mounting a file system of a program (FUSE)")?;
        // It ends with the last that uses the file system.
        thread::Builder::new().name("slow-image".into()).spawn(move || session.run())?;
        Ok(Self { point: point.to_owned() })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.point.join(NAME)
    }
}

impl Drop for SlowImage {
    fn drop(&mut self) {
        // A panic here would hide the test's own.
        let _ = unmount(&self.point, UnmountFlags::DETACH);
    }
}

struct Image {
    image: File,
    size_bytes: u64,
}

impl Image {
    fn attributes(&self, inode: INodeNo) -> FileAttr {
        let is_image = inode == IMAGE;
        FileAttr {
            ino: inode,
            size: if is_image { self.size_bytes } else { 0 },
            blocks: 0,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind: if is_image { FileType::RegularFile } else { FileType::Directory },
            perm: 0o700,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }
}

/// One request after the other, as the only head of a disk would.
impl Filesystem for Image {
    fn lookup(&self, _request: &Request, _parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if name == NAME {
            reply.entry(&Duration::MAX, &self.attributes(IMAGE), Generation(0));
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn getattr(&self, _request: &Request, inode: INodeNo, _file: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&Duration::MAX, &self.attributes(inode));
    }

    fn open(&self, _request: &Request, _inode: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        // Nothing of it stays in memory.
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _request: &Request,
        _inode: INodeNo,
        _file: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        thread::sleep(DELAY);
        let mut data = vec![0; size as usize];
        match read_at_most(&self.image, &mut data, offset) {
            Ok(bytes) => reply.data(&data[..bytes]),
            Err(error) => reply.error(error.into()),
        }
    }

    fn write(
        &self,
        _request: &Request,
        _inode: INodeNo,
        _file: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.image.write_all_at(data, offset) {
            Ok(()) => reply.written(data.len() as u32),
            Err(error) => reply.error(error.into()),
        }
    }

    fn fsync(&self, _request: &Request, _inode: INodeNo, _file: FileHandle, _data_only: bool, reply: ReplyEmpty) {
        // The image outlives no test: that it waits is enough.
        thread::sleep(DELAY);
        reply.ok();
    }
}

/// As much as there is.
fn read_at_most(file: &File, data: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut have = 0;
    while have < data.len() {
        match file.read_at(&mut data[have..], offset + have as u64) {
            Ok(0) => break,
            Ok(bytes) => have += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(have)
}
