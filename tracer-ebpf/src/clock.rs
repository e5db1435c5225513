//! The one clock of all times: CLOCK_MONOTONIC, as user space reads it.

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;

use crate::{maps, task::Task};

/// CLOCK_MONOTONIC now, ns.
#[inline(always)]
pub fn now_ns() -> u64 {
    // SAFETY: takes no argument and cannot fail.
    unsafe { bpf_ktime_get_ns() }
}

/// How often the two clocks are compared, ns.
const COMPARED_EVERY_NS: u64 = 1_000_000;

/// They drift apart by less than one part in 2^10: time is never slewed faster than by 500 parts in a million (adjtimex(2)).
const DRIFT_BITS: u32 = 10;

/// CLOCK_MONOTONIC, ns, as the switch began that takes `task` off its CPU: what the run queue's clock says, which the
/// kernel has just read, and by how much that is behind.
///
/// To read a clock takes longer than all else that is done when an event loop falls asleep. So the two are compared
/// once in a millisecond alone. What has passed since the kernel's own reading makes them seem further apart than they are:
/// the least distance that was seen is the best, but for the drift since.
#[inline(always)]
pub fn at_switch_ns(task: Task) -> u64 {
    let clock_ns = task.run_queue_clock_ns();
    let Some(apart) = maps::clocks() else { return now_ns() };
    let age_ns = clock_ns.wrapping_sub(apart.compared_at_ns);
    if age_ns >= COMPARED_EVERY_NS {
        let seen_ns = now_ns().wrapping_sub(clock_ns);
        let known_ns = apart.behind_ns.wrapping_add(age_ns >> DRIFT_BITS);
        let is_less = (seen_ns.wrapping_sub(known_ns) as i64) < 0;
        apart.behind_ns = if is_less || apart.compared_at_ns == 0 { seen_ns } else { known_ns };
        apart.compared_at_ns = clock_ns;
    }
    clock_ns.wrapping_add(apart.behind_ns)
}
