//! The kernel's clocks.

use rustix::time::{ClockId, clock_gettime};

/// CLOCK_MONOTONIC now, ns: the clock of every probe.
#[must_use]
pub fn monotonic_ns() -> u64 {
    now_ns(ClockId::Monotonic)
}

/// CLOCK_BOOTTIME now, ns: the clock of thread starts.
#[must_use]
pub fn boottime_ns() -> u64 {
    now_ns(ClockId::Boottime)
}

fn now_ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    // Both clocks count from the boot, so neither part is negative.
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
