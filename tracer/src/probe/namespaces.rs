//! The namespaces that tracer runs in, as far as they change what ids and times mean.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use anyhow::{Result, bail};

/// Inode of the first pid namespace (`PROC_PID_INIT_INO` in include/linux/proc_ns.h).
const FIRST_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// Inode of the pid namespace that this process runs in; `None`: it is the first one, whose ids are the kernel's own.
///
/// # Errors
/// If /proc shows the ids of another namespace: then they would not be those of the kernel half.
pub fn pid_namespace() -> Result<Option<u64>> {
    let shown = fs::read_link("/proc/self").ok();
    if shown.is_some_and(|shown| shown != Path::new(&std::process::id().to_string())) {
        bail!(
            "cannot tell processes apart: /proc shows the ids of another pid namespace than tracer's; \
             mount it anew (mount -t proc proc /proc; unshare(1) does with --mount-proc), or run tracer outside"
        );
    }
    // Where it cannot be told, ids are most likely what they seem.
    let inode = fs::metadata("/proc/self/ns/pid").ok().map(|metadata| metadata.ino());
    Ok(inode.filter(|&inode| inode != FIRST_PID_NAMESPACE))
}

/// Fails in a time namespace that sets the clocks: the kernel half reads the kernel's own.
///
/// # Errors
/// Says what to do.
pub fn check_clocks() -> Result<()> {
    // Kernels without time namespaces have no such file.
    let offsets = fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
    if sets_clocks(&offsets) {
        bail!(
            "cannot measure in a time namespace whose clocks are not the kernel's (/proc/self/timens_offsets): \
             run tracer outside"
        );
    }
    Ok(())
}

/// Whether a line of `timens_offsets` (time_namespaces(7)) has an offset: the clock's name, seconds, ns.
fn sets_clocks(offsets: &str) -> bool {
    offsets.lines().flat_map(|line| line.split_whitespace().skip(1)).any(|number| number != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_set_where_an_offset_is_not_0() {
        assert!(!sets_clocks(""));
        assert!(!sets_clocks("monotonic           0         0\nboottime            0         0\n"));
        assert!(sets_clocks("monotonic           0         0\nboottime         1000         0\n"));
        assert!(sets_clocks("monotonic          -1 500000000\nboottime            0         0\n"));
    }
}
