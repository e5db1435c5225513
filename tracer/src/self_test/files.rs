//! The files of the known work. They have no name: whatever happens, nothing of them is left.

use std::{
    fs::File,
    io::{self, Seek as _},
    os::{
        fd::{AsRawFd as _, RawFd},
        unix::fs::MetadataExt as _,
    },
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow};
use rustix::{
    fs::statfs,
    io::{FdFlags, fcntl_setfd},
};

use super::compare::Conditions;
use crate::scratch::{evict, fill, refuse_full, refuse_memory, usual_places};

/// Size of the file that stays in memory.
pub const HOT_BYTES: u64 = 64 << 10;

/// Size of the file whose pages are asked for once each.
pub const COLD_BYTES: u64 = 8 << 20;

/// What must be free.
const ROOM_BYTES: u64 = 32 << 20;

/// A file system that shows another one's files under inode numbers of its own (include/uapi/linux/magic.h).
const OVERLAYFS_MAGIC: u64 = 0x794c_7630;

/// The files, and where they are.
pub struct Files {
    /// The directory.
    pub directory: PathBuf,
    /// The one that stays in memory.
    pub hot: File,
    /// The other one.
    pub cold: File,
    /// Why no page of it is cold; `None`: they all are.
    pub not_cold: Option<String>,
    /// Whether the kernel's inode numbers may be others than those that a program sees.
    pub hides_inodes: bool,
}

impl Files {
    /// Makes them: in `directory` if given, and nowhere else, otherwise in the first of the usual places where pages can be
    /// cold, or where there is none such, in the first that will do at all.
    ///
    /// # Errors
    /// If no place will do.
    pub fn make(directory: Option<&Path>) -> Result<Self> {
        let places = directory.map_or_else(usual_places, |directory| vec![directory.to_path_buf()]);
        let (mut refused, mut second_best) = (Vec::new(), None);
        for place in places {
            match Self::make_in(&place) {
                Ok(files) if files.not_cold.is_none() => return Ok(files),
                Ok(files) => second_best = second_best.or(Some(files)),
                Err(error) => refused.push(format!("{} ({error:#})", place.display())),
            }
        }
        second_best.ok_or_else(|| {
            anyhow!(
                "no place for the files of the self-test, tried {}; name a directory on a disk with --directory",
                refused.join(", ")
            )
        })
    }

    fn make_in(directory: &Path) -> Result<Self> {
        refuse_full(directory, ROOM_BYTES)?;
        let hot = written(directory, HOT_BYTES)?;
        io::copy(&mut &hot, &mut io::sink()).context("cannot read a file")?;
        let cold = written(directory, COLD_BYTES)?;
        let not_cold = refuse_memory(directory).and_then(|()| evict(&cold)).err();
        Ok(Self {
            directory: directory.to_path_buf(),
            hot,
            cold,
            not_cold: not_cold.map(|error| format!("{}: {error:#}", directory.display())),
            // The type's width differs between architectures; the magic number is 32 bits.
            #[allow(clippy::unnecessary_cast)]
            hides_inodes: statfs(directory)?.f_type as u64 & 0xffff_ffff == OVERLAYFS_MAGIC,
        })
    }

    /// What of them bears on what can be tested.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn conditions(&self) -> Result<Conditions> {
        let inode = |file: &File| file.metadata().map(|metadata| metadata.ino()).context("cannot look at a file");
        let inodes = (inode(&self.hot)?, inode(&self.cold)?);
        Ok(Conditions { not_cold: self.not_cold.clone(), inodes: (!self.hides_inodes).then_some(inodes) })
    }

    /// Lets a program that this one starts have them; their numbers there.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn hand_over(&self) -> Result<[RawFd; 2]> {
        for file in [&self.hot, &self.cold] {
            fcntl_setfd(file, FdFlags::empty()).context("cannot hand over the files")?;
        }
        Ok([self.hot.as_raw_fd(), self.cold.as_raw_fd()])
    }
}

/// A file without a name, with such content, at its start.
fn written(directory: &Path, bytes: u64) -> Result<File> {
    let mut file = tempfile::tempfile_in(directory).context("cannot create a file")?;
    fill(file.try_clone()?, bytes)?;
    file.rewind()?;
    Ok(file)
}
