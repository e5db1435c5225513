//! For how many threads there is room in the kernel half.

use crate::{collect::Targets, options::Measurement};

/// Room for threads that start inside the window, beyond four times those that are there.
const LEAST_SLOTS: u32 = 8192;

/// The same where processes may become targets while the window is open.
const LEAST_OPEN_ENDED_SLOTS: u32 = 16_384;

/// Most slots that are taken up without being asked for.
const MOST_SLOTS: u32 = 1 << 18;

/// Fewer threads wait for readiness than there are: one record of turns for so many slots …
const SLOTS_PER_TURN_RECORD: u32 = 8;

/// … and so many at least.
const LEAST_TURN_RECORDS: u32 = 64;

/// Room in the kernel half; powers of two.
pub struct Room {
    /// Thread slots.
    pub slots: u32,
    /// Records of turns.
    pub turn_records: u32,
}

/// Room for the targets' threads and for those that they may start.
pub fn room_for(options: &Measurement, targets: &Targets) -> Room {
    let least = if targets.is_open_ended { LEAST_OPEN_ENDED_SLOTS } else { LEAST_SLOTS };
    let threads = u32::try_from(targets.thread_count).unwrap_or(MOST_SLOTS);
    let wanted = options.max_threads.unwrap_or_else(|| threads.saturating_mul(4).clamp(least, MOST_SLOTS));
    let slots = wanted.next_power_of_two();
    Room { slots, turn_records: (slots / SLOTS_PER_TURN_RECORD).max(LEAST_TURN_RECORDS) }
}
