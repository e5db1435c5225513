//! The maps as they were before the window opened, so that another one can: all slots are given back, and all sums are 0.

use bytemuck::Pod;
use tracer_common::turns::NO_ROOM;

use super::{KernelMaps, mapped::MappedArray};

impl KernelMaps {
    /// Gives all slots back and clears all sums. Only behind a closed gate: nobody else may write meanwhile. Who became a target stays.
    pub fn restart(&self) {
        let taken: Vec<_> = self.taken().collect();
        for index in taken {
            let slot = self.threads.get(index);
            if slot.turns.stats != NO_ROOM && slot.turns.stats != 0 {
                self.turns.clear(slot.turns.stats as usize - 1);
            }
            slot.records
                .iter()
                .filter(|&&record| record != 0)
                .for_each(|&record| self.calls.clear(record as usize - 1));
            if self.has_record_per_slot {
                self.calls.clear(index);
            }
            self.threads.clear(index);
            self.taken.clear(index);
        }
        clear_all(&self.breakdowns);
        clear_all(&self.errors);
        clear_all(&self.losses);
        clear_all(&self.untold);
        clear_all(&self.files);
    }
}

fn clear_all<T: Pod>(array: &MappedArray<T>) {
    // What is not 0 alone: memory that was never written to stays with the kernel's page of zeros.
    let zero = T::zeroed();
    let is_clear = |index: &usize| bytemuck::bytes_of(&array.get(*index)) == bytemuck::bytes_of(&zero);
    (0..array.len()).filter(|index| !is_clear(index)).for_each(|index| array.clear(index));
}
