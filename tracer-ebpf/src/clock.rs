//! The one clock of all times: CLOCK_MONOTONIC, as user space reads it.

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;

/// CLOCK_MONOTONIC now, ns.
#[inline(always)]
pub fn now_ns() -> u64 {
    // SAFETY: takes no argument and cannot fail.
    unsafe { bpf_ktime_get_ns() }
}
