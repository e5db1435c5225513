//! The processes that were measured.

use std::collections::HashMap;

use aya::maps::{MapData, RingBuf};
use tracer_common::targets::{TargetCounts, TargetRecord};

use super::processes::{self, comm_text, to_tick};
use crate::{
    collect::KernelMaps,
    model::{Pid, Process, Target},
};

/// Most processes that a recording lists.
const MOST: usize = 10_000;

/// So many processes can be looked at in detail each second.
const FEW: usize = 16;

/// Who was measured: who was there when the window opened, who came while it was open, and whom a slot tells of.
pub struct ProcessList {
    records: Option<RingBuf<MapData>>,
    /// In the order in which they were met.
    processes: Vec<Process>,
    places: HashMap<(Pid, u64), usize>,
}

impl ProcessList {
    /// Nobody yet; `records` tell who comes.
    pub fn new(records: Option<RingBuf<MapData>>) -> Self {
        Self { records, processes: Vec::new(), places: HashMap::new() }
    }

    /// A list of those that live, which takes the records that come from now on.
    #[must_use]
    pub fn hand_over(&mut self) -> Self {
        let mut next = Self::new(self.records.take());
        let now = self
            .processes
            .iter()
            .filter_map(|process| processes::now(process.pid).filter(|now| now.start_time_ns == process.start_time_ns));
        now.for_each(|process| next.add(process));
        next
    }

    /// Those that are known.
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// Ids of the first of them, who were there when the window opened: a few.
    pub fn first(&self) -> impl Iterator<Item = u32> + '_ {
        self.processes.iter().take(FEW).map(|process| process.pid.0)
    }

    /// Adds a process, or what is known of it by now.
    pub fn add(&mut self, process: Process) {
        let key = (process.pid, process.start_time_ns);
        match self.places.get(&key) {
            Some(&place) => self.processes[place] = process,
            None if self.processes.len() < MOST => {
                self.places.insert(key, self.processes.len());
                self.processes.push(process);
            }
            None => {}
        }
    }

    /// Adds those that the kernel half has listed.
    pub fn extend(&mut self, records: &[TargetRecord]) {
        records.iter().for_each(|record| self.meet(record));
    }

    /// Takes what the kernel half has told since the last time.
    pub fn drain(&mut self) {
        let Some(mut records) = self.records.take() else { return };
        while let Some(item) = records.next() {
            if let Some(bytes) = item.get(..size_of::<TargetRecord>()) {
                self.meet(&bytemuck::pod_read_unaligned(bytes));
            }
        }
        self.records = Some(records);
    }

    /// A process became a target, called exec, or was found to be one.
    fn meet(&mut self, record: &TargetRecord) {
        let (pid, start_time_ns) = (Pid(record.pid), to_tick(record.start_boottime_ns));
        // As it is by now: a command line cannot be had later.
        let now = processes::now(pid).filter(|process| process.start_time_ns == start_time_ns);
        let command_line = || self.processes[*self.places.get(&(pid, start_time_ns))?].command_line.clone();
        let process = now.unwrap_or_else(|| Process {
            hostname: None,
            pid,
            comm: comm_text(&record.comm),
            command_line: command_line(),
            start_time_ns,
        });
        self.add(process);
    }

    /// Adds the processes of threads with a slot; each is looked at once.
    pub fn add_slots(&mut self, maps: &KernelMaps) {
        let mut others = HashMap::new();
        for (_, slot) in maps.slots() {
            let key = (slot.key.pid, slot.process_start_boottime_ns);
            if !self.places.contains_key(&(Pid(key.0), to_tick(key.1))) {
                let comm = others.entry(key).or_insert(slot.comm);
                // The first thread of a process bears its name.
                if slot.key.tid == slot.key.pid {
                    *comm = slot.comm;
                }
            }
        }
        for ((pid, start_boottime_ns), comm) in others {
            self.meet(&TargetRecord { start_boottime_ns, pid, threads: 0, comm });
        }
    }

    /// Looks once more what each of them is called.
    pub fn refresh(&mut self) {
        for process in &mut self.processes {
            // A name may have changed, by exec or otherwise.
            let now = processes::now(process.pid).filter(|now| now.start_time_ns == process.start_time_ns);
            if let Some(now) = now {
                *process = now;
            }
        }
    }

    /// Writes them into `target`, those that were met first before the others; of `joined` processes as far as they are
    /// known.
    pub fn write(&self, target: &mut Target, counts: &TargetCounts) {
        let unlisted = match self.processes.len() < MOST {
            true => counts.unrecorded,
            false => counts.joined.saturating_sub(MOST as u64),
        };
        target.processes.clone_from(&self.processes);
        target.processes_unlisted = (unlisted > 0).then_some(unlisted);
    }
}
