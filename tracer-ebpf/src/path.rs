//! The path of an open file: its names from the file up to the root of the mount namespace. On rare paths only.

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;
use tracer_common::culprit::{NAME_BYTES, PATH_BYTES, PATH_CUT, PATH_DELETED, PATH_NAMES, SlowCallBuffer};

use crate::{file::read, globals::global};

/// Where a walk to the root is.
struct Place {
    dentry: u64,
    vfsmount: u64,
    root: u64,
}

/// Writes the path of the open file at `file` behind the record, with what must be known about it.
///
/// A name that is being changed meanwhile may come out wrong: nothing is locked (`fs/d_path.c`,
/// `prepend_path`, walks the same way under `rename_lock`).
#[inline(always)]
pub fn describe(buffer: &mut SlowCallBuffer, file: u64) -> Option<()> {
    let vfsmount: u64 = read(file, global!(OFFSETS.file_mount))?;
    let mut place = Place {
        dentry: read(file, global!(OFFSETS.file_dentry))?,
        vfsmount,
        root: read(vfsmount, global!(OFFSETS.vfsmount_root))?,
    };
    let is_hashed: u64 = read(place.dentry, global!(OFFSETS.dentry_hashed))?;
    let mut flags = if is_hashed == 0 { PATH_DELETED | PATH_CUT } else { PATH_CUT };
    buffer.call.path_bytes = 0;
    for _ in 0..PATH_NAMES {
        // Kept in the map, where the verifier forgets it: or each length would be another state to follow.
        // SAFETY: a live reference.
        let length = unsafe { core::ptr::read_volatile(&raw const buffer.call.path_bytes) };
        let parent: u64 = read(place.dentry, global!(OFFSETS.dentry_parent))?;
        if place.dentry == place.root || place.dentry == parent {
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
