//! Names of processes against patterns, the same way in both halves.
//!
//! Patterns become one automaton in which a bit stands for each place in each pattern. So a name costs one step
//! a byte, however many patterns there are, and neither half has to go back.

use bytemuck::{Pod, Zeroable};

/// Bytes of a name without its NUL (`TASK_COMM_LEN` less one, include/linux/sched.h).
pub const COMM_BYTES: usize = 15;

/// Most automata of one measurement.
pub const TABLES: usize = 8;

/// Places that one automaton has.
pub const PLACES: usize = 64;

/// An automaton for some patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct GlobTable {
    /// For each byte the places from which it leads to the next one.
    pub steps: [u64; 256],
    /// Places that every byte leaves as they are: a `*` stands there.
    pub loops: u64,
    /// Where the patterns begin.
    pub first: u64,
    /// Where they end.
    pub last: u64,
}

impl GlobTable {
    /// No pattern.
    pub const EMPTY: Self = Self { steps: [0; 256], loops: 0, first: 0, last: 0 };

    /// Whether a name, up to its NUL, matches one of the patterns as a whole.
    #[inline(always)]
    #[must_use]
    pub fn matches(&self, comm: &[u8; 16]) -> bool {
        let mut places = self.first;
        let mut index = 0;
        while index < COMM_BYTES {
            let byte = comm[index];
            if byte == 0 {
                break;
            }
            places = (places & self.steps[byte as usize]) << 1 | places & self.loops;
            index += 1;
        }
        places & self.last != 0
    }
}
