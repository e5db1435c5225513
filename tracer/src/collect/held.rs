//! All that the maps hold at one moment, as plain data: what is made of it can wait.

use tracer_common::{culprit::CallSums, files::FileStats, records::Losses, syscall::Syscall, targets::TargetCounts};

use super::{KernelMaps, ThreadNow};
use crate::snapshot::{SyscallData, ThreadData};

/// What the maps hold.
pub struct Held {
    /// CLOCK_BOOTTIME when the window opened, ns.
    pub opened_boottime_ns: u64,
    /// The threads with a slot.
    pub threads: Vec<ThreadData>,
    /// What is known of each traced system call beyond its threads.
    pub syscalls: Vec<SyscallData>,
    /// What no record tells of each.
    pub untold: Vec<(Syscall, CallSums)>,
    /// The files that were read, where they are told apart, and what found no room among them.
    pub files: Option<(Vec<FileStats>, FileStats)>,
    /// What could not be counted.
    pub losses: Losses,
    /// How targets came and went.
    pub targets: TargetCounts,
}

impl KernelMaps {
    /// All that the maps hold; `look` says what a thread is now.
    pub fn held(&self, look: &mut dyn FnMut(&tracer_common::records::ThreadKey) -> ThreadNow) -> Held {
        Held {
            opened_boottime_ns: self.opened_boottime_ns(),
            // First: what calls come to beyond their threads is then never less than what the threads say.
            threads: self.threads(look),
            syscalls: self.beyond_threads(),
            untold: self.untold(),
            files: self.files(),
            losses: self.losses(),
            targets: self.target_counts(),
        }
    }
}
