//! What is taken down while the window is open.

use std::collections::BTreeSet;

use crate::{
    collect::{CulpritLog, JavaNames, KernelMaps, MappedFiles, ProcessList, StackLog, ThreadLog, WatchLog},
    snapshot::FilesRead,
};

/// What is taken down while the window is open, beside the kernel half's own sums.
pub struct Logs {
    /// Slow and disk-blocked calls.
    pub culprits: Option<CulpritLog>,
    /// What threads wait on.
    pub watched: WatchLog,
    /// Stacks, if they are wanted.
    pub stacks: Option<StackLog>,
    /// What the target has mapped, where files are told apart.
    pub mapped: Option<MappedFiles>,
    /// Who was measured.
    pub processes: ProcessList,
    /// What threads are called, while it goes on.
    pub threads: ThreadLog,
    /// What JVMs call their threads, if they were asked.
    pub java: Option<Vec<JavaNames>>,
}

impl Logs {
    /// Looks at what the target waits on, and at what it has mapped.
    pub fn look(&mut self, maps: &KernelMaps) {
        self.watched.look(maps, []);
        if let Some(culprits) = &mut self.culprits {
            culprits.forget(maps.turns());
        }
        if let Some(mapped) = &mut self.mapped {
            // Of thousands of processes few bring anything in by page faults.
            let faulting = maps.slots().filter(|(_, slot)| slot.faults.faults > 0).map(|(_, slot)| slot.key.pid);
            let pids: BTreeSet<_> = self.processes.first().chain(faulting).collect();
            pids.into_iter().for_each(|pid| mapped.look(pid));
        }
        if let Some(stacks) = &mut self.stacks {
            stacks.look(maps.keys().map(|key| key.pid));
        }
    }

    /// The files that were read, where they were told apart.
    pub fn files(&mut self, maps: &KernelMaps) -> Option<FilesRead> {
        let mapped = self.mapped.as_ref()?;
        Some(self.culprits.as_mut()?.files(maps.files()?, mapped.paths()))
    }
}
