//! What the calling thread has used (getrusage(2)).

use std::mem::MaybeUninit;

/// Its account since its start.
pub(super) fn thread_usage() -> libc::rusage {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel fills in the structure that it is given.
    let status = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    assert_eq!(status, 0, "getrusage: {}", std::io::Error::last_os_error());
    // SAFETY: zero is valid for each of its fields, and getrusage succeeded.
    unsafe { usage.assume_init() }
}

/// Its page faults that had to read.
#[must_use]
pub fn major_faults() -> u64 {
    thread_usage().ru_majflt.unsigned_abs()
}
