//! The path of a file: its names from the file up to the root of the mount namespace, or of its file system. On rare
//! paths only.

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;
use tracer_common::culprit::{
    NAME_BYTES, PATH_BYTES, PATH_CUT, PATH_DELETED, PATH_IN_FILE_SYSTEM, PATH_NAMES, SlowCallBuffer,
};

use crate::{file::read, globals::global};

/// A name, and by which mount it is reached.
pub struct Place {
    dentry: u64,
    /// 0: by none, but the file system's own root.
    vfsmount: u64,
    root: u64,
}

impl Place {
    /// Where the open file at `file` was opened.
    #[inline(always)]
    pub fn of_file(file: u64) -> Option<Self> {
        let vfsmount: u64 = read(file, global!(OFFSETS.file_mount))?;
        Some(Self {
            dentry: read(file, global!(OFFSETS.file_dentry))?,
            vfsmount,
            root: read(vfsmount, global!(OFFSETS.vfsmount_root))?,
        })
    }

    /// A name of the inode at `host`; `None`: none is in memory.
    #[inline(always)]
    pub fn of_inode(host: u64) -> Option<Self> {
        let link: u64 = read(host, global!(OFFSETS.inode_aliases))?;
        if link == 0 {
            return None;
        }
        Some(Self { dentry: link - u64::from(global!(OFFSETS.dentry_alias)), vfsmount: 0, root: 0 })
    }
}

/// Writes the path of the file at `place` behind the record, with what must be known about it.
///
/// A name that is being changed meanwhile may come out wrong: nothing is locked (`fs/d_path.c`,
/// `prepend_path`, walks the same way under `rename_lock`).
#[inline(always)]
pub fn describe(buffer: &mut SlowCallBuffer, mut place: Place) -> Option<()> {
    let is_hashed: u64 = read(place.dentry, global!(OFFSETS.dentry_hashed))?;
    let mut flags = if is_hashed == 0 { PATH_DELETED | PATH_CUT } else { PATH_CUT };
    buffer.call.path_bytes = 0;
    for _ in 0..PATH_NAMES {
        // Kept in the map, where the verifier forgets it: or each length would be another state to follow.
        // SAFETY: a live reference.
        let length = unsafe { core::ptr::read_volatile(&raw const buffer.call.path_bytes) };
        let parent: u64 = read(place.dentry, global!(OFFSETS.dentry_parent))?;
        if place.dentry == place.root || place.dentry == parent {
            if place.vfsmount == 0 {
                flags = flags & !PATH_CUT | PATH_IN_FILE_SYSTEM;
                break;
            }
            if !leave_mount(&mut place)? {
                flags &= !PATH_CUT;
                break;
            }
            continue;
        }
        let name: u64 = read(place.dentry, global!(OFFSETS.dentry_name))?;
        if length >= PATH_BYTES as u32 {
            break;
        }
        // SAFETY: `length` is less than PATH_BYTES, and NAME_BYTES more are in the buffer; a bad address is an error.
        let copied = unsafe {
            let to = buffer.path.as_mut_ptr().add(within(length) as usize);
            bpf_probe_read_kernel_str(to.cast(), NAME_BYTES as u32, name as *const _)
        };
        if copied <= 0 {
            break;
        }
        // SAFETY: a live reference.
        unsafe { core::ptr::write_volatile(&raw mut buffer.call.path_bytes, length + copied as u32) };
        place.dentry = parent;
    }
    buffer.call.path_flags = flags;
    Some(())
}

/// From the root of a mount to the directory that it lies on; `false` at the root of all.
#[inline(always)]
fn leave_mount(place: &mut Place) -> Option<bool> {
    let mount = place.vfsmount.wrapping_sub(u64::from(global!(OFFSETS.mount_vfsmount)));
    let parent: u64 = read(mount, global!(OFFSETS.mount_parent))?;
    if parent == mount {
        return Some(false);
    }
    place.dentry = read(mount, global!(OFFSETS.mount_point))?;
    place.vfsmount = parent.wrapping_add(u64::from(global!(OFFSETS.mount_vfsmount)));
    place.root = read(place.vfsmount, global!(OFFSETS.vfsmount_root))?;
    Some(true)
}

/// `length`, in a form that shows the verifier that it is less than [`PATH_BYTES`].
#[inline(always)]
fn within(mut length: u32) -> u32 {
    const { assert!(PATH_BYTES == 1024) };
    // SAFETY: one instruction on a register.
    unsafe { core::arch::asm!("{0} &= 1023", inout(reg) length, options(pure, nomem, nostack)) };
    length
}
