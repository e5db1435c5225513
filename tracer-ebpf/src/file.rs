//! The file behind a descriptor of the current thread. Read on rare paths only: behind the descriptor
//! table's double pointer the verifier knows no types, so every step is a guarded copy.

use aya_ebpf::helpers::{bpf_probe_read_kernel, generated};

use crate::{globals::global, socket::mode, task::Task};

/// Address of the `struct file` behind `descriptor` of the current thread.
#[inline(always)]
pub fn behind(descriptor: u64) -> Option<u64> {
    Some(file_behind(descriptor)).filter(|file| *file != 0)
}

/// Address of the `struct file` behind `descriptor`, 0 if there is none.
///
/// Global linkage: see [`slots`](crate::slots). It matters most here: from 6.3 on a verifier searches all of the kernel's types
/// by name, four times, wherever it comes upon a load of a pointer to the table of descriptors.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn file_behind(descriptor: u64) -> u64 {
    behind_of(Task::current(), descriptor).unwrap_or(0)
}

/// Address of the `struct file` behind `descriptor` of `task`, which need not be the current thread.
#[inline(always)]
pub fn behind_of(task: Task, descriptor: u64) -> Option<u64> {
    let (entries, count) = task.files().table();
    let descriptor = descriptor as u32;
    if descriptor >= count {
        return None;
    }
    read(entries, descriptor * 8).filter(|file| *file != 0)
}

/// A file that is open, and who owns its page cache.
pub struct OpenFile {
    /// Address of the `struct file`.
    pub file: u64,
    /// Inode that owns the page cache.
    pub inode: u64,
    /// Its device, in the kernel's encoding.
    pub device: u32,
}

impl OpenFile {
    /// The file behind `descriptor` of the current thread; `None`: it is no file on a disk, and no disk.
    #[inline(always)]
    pub fn of(descriptor: u64) -> Option<Self> {
        let file = behind(descriptor)?;
        let mapping: u64 = read(file, global!(OFFSETS.file_mapping))?;
        let host: u64 = read(mapping, global!(OFFSETS.mapping_host))?;
        let mode: u16 = read(host, global!(OFFSETS.inode_mode))?;
        if !matches!(mode & mode::TYPE, mode::REGULAR | mode::BLOCK_DEVICE) {
            return None;
        }
        let file_system: u64 = read(host, global!(OFFSETS.inode_sb))?;
        Some(Self {
            file,
            inode: read(host, global!(OFFSETS.inode_ino))?,
            device: read(file_system, global!(OFFSETS.sb_dev))?,
        })
    }

    /// The flags that it was opened with.
    #[inline(always)]
    pub fn flags(&self) -> Option<u32> {
        read(self.file, global!(OFFSETS.file_flags))
    }
}

/// A guarded copy of `T` at `base + offset`; `None` also where the kernel keeps its memory confidential.
#[inline(always)]
pub fn read<T>(base: u64, offset: u32) -> Option<T> {
    if global!(CONFIG.guarded_reads) == 0 {
        return None;
    }
    // SAFETY: a guarded copy from kernel memory; a bad address is an error.
    unsafe { bpf_probe_read_kernel((base + u64::from(offset)) as *const T) }.ok()
}

/// A guarded copy of words at `base` into a map: so they take nothing of the stack, of which there is little.
#[inline(always)]
pub fn read_words<const WORDS: usize>(to: &mut [u64; WORDS], base: u64) -> Option<()> {
    // SAFETY: as many bytes as there is room for, which may hold anything; a bad address is an error.
    let copied = unsafe {
        generated::bpf_probe_read_kernel(to.as_mut_ptr().cast(), size_of::<[u64; WORDS]>() as u32, base as *const _)
    };
    (copied == 0).then_some(())
}
