//! Load on all CPUs for the time of a test.

use std::{
    hint::spin_loop,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

/// Threads that burn CPU time until they are dropped.
pub struct CpuLoad {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl CpuLoad {
    /// So many threads on each CPU that this process may use.
    ///
    /// # Panics
    /// If the number of CPUs is not known.
    #[must_use]
    pub fn per_cpu(threads: usize) -> Self {
        let cpus = std::thread::available_parallelism().expect("the number of CPUs").get();
        let stop = Arc::new(AtomicBool::new(false));
        let burn = |_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    spin_loop();
                }
            })
        };
        let threads = (0..threads * cpus).map(burn).collect();
        Self { stop, threads }
    }
}

impl Drop for CpuLoad {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A burner cannot panic.
            let _ = thread.join();
        }
    }
}
