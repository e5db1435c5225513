//! Ids as they are where tracer runs: in a pid namespace below the first one they are not the kernel's own.

use crate::{file::read, globals::global};

/// How deep namespaces may be nested (`MAX_PID_NS_LEVEL` in include/linux/pid_namespace.h).
const DEEPEST: u32 = 32;

/// Bytes of an id with its namespace (`struct upid`).
const UPID_BYTES: u64 = 16;

/// Whether tracer runs in the first one: then ids are a load each.
#[inline(always)]
pub fn is_first() -> bool {
    global!(CONFIG.pid_namespace) == 0
}

/// Id of the thread at `task`, a `task_struct`, in tracer's namespace; 0: it has none there.
#[inline(always)]
pub fn id_of(task: *const u8) -> u32 {
    // Through a helper: so the pointer is a number, and entries of the array behind it can be addressed.
    match read(task as u64, global!(OFFSETS.task_thread_pid)) {
        Some(pid) => number_of(pid),
        None => 0,
    }
}

/// The number in tracer's namespace of the id at `pid`, a `struct pid`. Most processes that matter live in that very
/// namespace: so the innermost is looked at first. Global linkage: see [`slots`](crate::slots).
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn number_of(pid: u64) -> u32 {
    let Some(innermost) = read::<u32>(pid, global!(OFFSETS.pid_level)) else { return 0 };
    for above in 0..=DEEPEST {
        if above > innermost {
            return 0;
        }
        let entry = pid + u64::from(innermost - above) * UPID_BYTES;
        let namespace = read::<u64>(entry, global!(OFFSETS.pid_numbers) + global!(OFFSETS.upid_namespace));
        let inode = namespace.and_then(|namespace| read::<u32>(namespace, global!(OFFSETS.pid_namespace_inode)));
        if inode.map(u64::from) == Some(global!(CONFIG.pid_namespace)) {
            return read(entry, global!(OFFSETS.pid_numbers) + global!(OFFSETS.upid_number)).unwrap_or(0);
        }
    }
    0
}
