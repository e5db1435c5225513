//! Clocks, in ns.

use rustix::time::{ClockId, clock_gettime};

/// The clock that latencies are measured by.
#[must_use]
pub fn monotonic_ns() -> u64 {
    read(ClockId::Monotonic)
}

/// The wall clock, since 1970.
#[must_use]
pub fn realtime_ns() -> u64 {
    read(ClockId::Realtime)
}

/// CPU time of the calling thread.
#[must_use]
pub fn thread_cpu_ns() -> u64 {
    read(ClockId::ThreadCPUTime)
}

fn read(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    // Neither clock is ever negative.
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}
