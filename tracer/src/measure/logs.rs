//! What is taken down while the window is open.

use tracer_common::files::FileStats;

use crate::{
    collect::{CulpritLog, JavaNames, KernelMaps, ProcessList, Sight, StackLog, ThreadLog, WatchLog},
    options::Measurement,
    snapshot::FilesRead,
};

/// What is taken down while the window is open, beside the kernel half's own sums.
pub struct Logs {
    /// Slow and disk-blocked calls.
    pub culprits: Option<CulpritLog>,
    /// Who can be looked into.
    pub sight: Sight,
    /// What threads wait on.
    pub watched: WatchLog,
    /// Stacks, if they are wanted.
    pub stacks: Option<StackLog>,
    /// Who was measured.
    pub processes: ProcessList,
    /// What threads are called, while it goes on.
    pub threads: ThreadLog,
    /// What JVMs call their threads, if they were asked.
    pub java: Option<Vec<JavaNames>>,
}

impl Logs {
    /// Empty but for `processes`; without stacks and names of Java threads.
    pub fn new(options: &Measurement, processes: ProcessList, culprits: Option<CulpritLog>) -> Self {
        let mut sight = Sight::new(options.stacks.is_some(), options.looks_at_files());
        sight.look(processes.first());
        Self {
            culprits,
            sight,
            watched: WatchLog::default(),
            stacks: None,
            processes,
            threads: ThreadLog::default(),
            java: None,
        }
    }

    /// Looks at what must be looked at while it is there: what the target waits on, and what it has mapped for stacks.
    pub fn look(&mut self, maps: &KernelMaps) {
        self.sight.look(maps.keys().map(|key| key.pid));
        self.watched.look(maps, []);
        if let Some(culprits) = &mut self.culprits {
            culprits.forget(maps.turns());
        }
        if let Some(stacks) = &mut self.stacks {
            stacks.look(maps.keys().map(|key| key.pid));
        }
    }

    /// The files that were read, where they were told apart.
    pub fn files(&mut self, files: Option<(Vec<FileStats>, FileStats)>) -> Option<FilesRead> {
        Some(self.culprits.as_mut()?.files(files?))
    }
}
