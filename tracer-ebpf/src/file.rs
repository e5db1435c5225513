//! The file behind a descriptor of the current thread. Read on rare paths only: behind the descriptor
//! table's double pointer the verifier knows no types, so every step is a guarded copy.

use aya_ebpf::helpers::{bpf_probe_read_kernel, bpf_probe_read_user};

use crate::{
    globals::global,
    task::{Registers, Task},
};

/// Address of the `struct file` behind `descriptor`.
#[inline(always)]
pub fn behind(task: Task, descriptor: u64) -> Option<u64> {
    let (entries, count) = task.files().table();
    let descriptor = descriptor as u32;
    if descriptor >= count {
        return None;
    }
    read(entries, descriptor * 8).filter(|file| *file != 0)
}

/// An open file, and who owns its page cache.
pub struct OpenFile {
    /// Address of the `struct file`.
    pub file: u64,
    /// Inode that owns the page cache.
    pub inode: u64,
    /// Its device, in the kernel's encoding.
    pub device: u32,
}

impl OpenFile {
    /// The file behind `descriptor`.
    #[inline(always)]
    pub fn of(task: Task, descriptor: u64) -> Option<Self> {
        let file = behind(task, descriptor)?;
        let mapping: u64 = read(file, global!(OFFSETS.file_mapping))?;
        let host: u64 = read(mapping, global!(OFFSETS.mapping_host))?;
        let file_system: u64 = read(host, global!(OFFSETS.inode_sb))?;
        Some(Self {
            file,
            inode: read(host, global!(OFFSETS.inode_ino))?,
            device: read(file_system, global!(OFFSETS.sb_dev))?,
        })
    }

    /// Where a sendfile that is still in progress began to read, bytes: what its offset argument points
    /// at, or the file's own position. Both move only when the call returns (`fs/read_write.c`,
    /// `do_sendfile`).
    #[inline(always)]
    pub fn sendfile_start(&self, registers: Registers) -> Option<u64> {
        self.sendfile_offset(registers)
    }

    /// Where a sendfile that returned `result` began to read, bytes.
    #[inline(always)]
    pub fn sendfile_started(&self, registers: Registers, result: i64) -> Option<u64> {
        let moved = if result > 0 { result as u64 } else { 0 };
        self.sendfile_offset(registers)?.checked_sub(moved)
    }

    #[inline(always)]
    fn sendfile_offset(&self, registers: Registers) -> Option<u64> {
        let offset = registers.third();
        if offset == 0 {
            return read(self.file, global!(OFFSETS.file_pos));
        }
        // SAFETY: a guarded copy from user memory; a bad address is an error.
        unsafe { bpf_probe_read_user(offset as *const u64) }.ok()
    }
}

/// A guarded copy of `T` at `base + offset`.
#[inline(always)]
pub fn read<T>(base: u64, offset: u32) -> Option<T> {
    // SAFETY: a guarded copy from kernel memory; a bad address is an error.
    unsafe { bpf_probe_read_kernel((base + u64::from(offset)) as *const T) }.ok()
}
