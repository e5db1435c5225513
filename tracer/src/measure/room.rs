//! For how many threads there is room in the kernel half.

use crate::options::Measurement;

/// Room for threads that start inside the window, beyond four times those that are there.
const LEAST_SLOTS: u32 = 8192;

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

/// Room for a target that has so many `threads`, and for those that it may start.
pub fn room_for(options: &Measurement, threads: usize) -> Room {
    let wanted = match options.max_threads {
        Some(threads) => threads,
        None => u32::try_from(threads).unwrap_or(MOST_SLOTS).saturating_mul(4).clamp(LEAST_SLOTS, MOST_SLOTS),
    };
    let slots = wanted.next_power_of_two();
    Room { slots, turn_records: (slots / SLOTS_PER_TURN_RECORD).max(LEAST_TURN_RECORDS) }
}
