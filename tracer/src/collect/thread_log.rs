//! What threads are called while the window is open: with ten thousand of them, asking /proc for each again and again
//! would take longer than all else.

use std::collections::HashMap;

use tracer_common::records::ThreadKey;

use super::{ThreadNow, thread_now};

/// So many threads are looked at in a round.
const LOOKS: usize = 256;

/// Threads as they were when they were last looked at.
#[derive(Debug, Default)]
pub struct ThreadLog {
    seen: HashMap<ThreadKey, (ThreadNow, usize)>,
    round: usize,
    looks_left: usize,
    /// Threads that were asked for in this round, and in the one before.
    asked: usize,
    asked_before: usize,
}

impl ThreadLog {
    /// A new round: some of the threads may be looked at again.
    pub fn begin(&mut self) {
        self.round += 1;
        self.asked_before = std::mem::take(&mut self.asked);
        self.looks_left = LOOKS;
    }

    /// A thread as it is, or was some rounds ago; one that there was no time to look at has no name yet.
    pub fn look(&mut self, key: &ThreadKey) -> ThreadNow {
        self.asked += 1;
        let known = self.seen.get(key);
        // Not before all others had their turn.
        let is_due = known.is_none_or(|(_, round)| (self.round - round) * LOOKS >= self.asked_before);
        if is_due && self.looks_left > 0 {
            self.looks_left -= 1;
            let now = thread_now(key);
            self.seen.insert(*key, (now.clone(), self.round));
            return now;
        }
        known.map_or(ThreadNow { comm: None, has_ended: false }, |(now, _)| now.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_looks_at_a_few_and_the_next_ones_at_the_others() {
        let keys: Vec<_> = (0..LOOKS as u32 * 3).map(|tid| ThreadKey { tid, ..ThreadKey::default() }).collect();
        let mut log = ThreadLog::default();
        let mut looked_at = || {
            log.begin();
            keys.iter().filter(|key| log.look(key).has_ended).count()
        };
        // There is no process 0: who was looked at has ended.
        assert_eq!([looked_at(), looked_at(), looked_at(), looked_at()], [1, 2, 3, 3].map(|round| round * LOOKS));
    }
}
