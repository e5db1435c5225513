//! A file in memory, whose pages come one by one.

use std::fs::File;

use anyhow::Result;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};

/// A file in memory, whose pages come one by one.
pub struct Mapping {
    start: *mut u8,
    length: usize,
}

// SAFETY: the memory is the process', whichever thread touches it.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Of a file's first bytes, none of which is touched yet, without read-ahead.
    pub fn of(file: &File, bytes: u64) -> Result<Self> {
        Self::advised(file, bytes, Advice::Random)
    }

    /// The same with the kernel's own read-ahead.
    pub fn with_read_ahead(file: &File, bytes: u64) -> Result<Self> {
        Self::advised(file, bytes, Advice::Normal)
    }

    fn advised(file: &File, bytes: u64, advice: Advice) -> Result<Self> {
        let length = usize::try_from(bytes)?;
        // SAFETY: a new mapping, of a file that stays as long as it is.
        unsafe {
            let start = mmap(std::ptr::null_mut(), length, ProtFlags::READ, MapFlags::SHARED, file, 0)?;
            madvise(start, length, advice)?;
            Ok(Self { start: start.cast(), length })
        }
    }

    /// Reads a byte.
    pub fn touch(&self, offset: u64) -> Result<()> {
        // SAFETY: inside the mapping.
        unsafe { self.start.add(usize::try_from(offset)?).read_volatile() };
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: its own mapping, and nobody holds a reference into it. An error would leave it as it is.
        let _ = unsafe { munmap(self.start.cast(), self.length) };
    }
}
