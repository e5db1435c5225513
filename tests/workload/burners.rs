//! Threads that want a CPU all the time, and make no system calls.

use std::{
    hint::spin_loop,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Result;
use tests::os::schedule::pin_to;

use crate::crew;

/// Burns until it is dropped.
pub struct Burners(Arc<AtomicBool>);

impl Burners {
    /// Starts `count` threads on one CPU.
    pub fn start(count: usize, cpu: usize) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..count {
            let stop = Arc::clone(&stop);
            crew::spawn(move || {
                let pinned = pin_to(cpu);
                while pinned.is_ok() && !stop.load(Ordering::Relaxed) {
                    spin_loop();
                }
            })?;
        }
        Ok(Self(stop))
    }
}

impl Drop for Burners {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
