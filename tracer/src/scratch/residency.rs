//! Which pages of a file are in memory: `mincore` on a mapping that is never touched.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::ptr;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A file's page size, bytes.
pub fn page_bytes() -> u64 {
    procfs::page_size()
}

/// A window on a file's page cache. Looking changes nothing (`preadv2(RWF_NOWAIT)` starts a read on newer kernels).
pub struct Residency {
    map: *mut libc::c_void,
    length: u64,
}

impl Residency {
    /// The longest range that [`Residency::absent_pages`] looks at in one call, in pages.
    pub const PAGES_MAX: usize = 256;

    /// Of a file with its present length.
    ///
    /// The kernel tells the truth only to the file's owner and to those who may write it (since 5.2); the
    /// demonstration's files are its own.
    pub fn of(file: &File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let bytes = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        // SAFETY: a new mapping at an address of the kernel's choice; nobody ever reads or writes through it.
        let map = unsafe { mmap(ptr::null_mut(), bytes, ProtFlags::READ, MapFlags::SHARED, file.as_fd(), 0)? };
        Ok(Self { map, length })
    }

    /// How many pages of `[offset, offset + bytes)` are not in memory. Pages past the end are not counted,
    /// nor those past [`Residency::PAGES_MAX`].
    pub fn absent_pages(&self, offset: u64, bytes: u64) -> io::Result<u64> {
        let page = page_bytes();
        let first = offset / page;
        let last = offset.saturating_add(bytes).min(self.length).div_ceil(page);
        let pages = usize::try_from(last.saturating_sub(first)).unwrap_or(usize::MAX).min(Self::PAGES_MAX);
        if pages == 0 {
            return Ok(0);
        }
        let mut present = [0u8; Self::PAGES_MAX];
        // SAFETY: the range starts on a page and lies within the mapping, which lives as long as `self`
        // (`last` is bounded by its length); `present` has room for a byte per page.
        let result = unsafe {
            let start = self.map.byte_add((first * page) as usize);
            libc::mincore(start, pages * page as usize, present.as_mut_ptr())
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(present[..pages].iter().filter(|&&byte| byte & 1 == 0).count() as u64)
    }

    /// How many pages of the whole file are in memory.
    pub fn resident_pages(&self) -> io::Result<u64> {
        let pages = self.length.div_ceil(page_bytes());
        let step = Self::PAGES_MAX as u64 * page_bytes();
        let mut absent = 0;
        for offset in (0..self.length).step_by(step as usize) {
            absent += self.absent_pages(offset, step)?;
        }
        Ok(pages - absent)
    }
}

impl Drop for Residency {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `of`, with its length; no reference into it was ever made. A refusal
        // would leave address space mapped, nothing worse.
        let _ = unsafe { munmap(self.map, self.length as usize) };
    }
}
