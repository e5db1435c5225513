//! From what is collected to a snapshot: the same for a window that has closed and for one that is open.

use std::collections::{BTreeSet, HashMap};

use tracer_common::{records::SleepingTask, syscall::Syscall};

use super::{logs::Logs, window::WindowData};
use crate::{
    collect::{Held, KernelMaps},
    model::{Host, Probe},
    options::Measurement,
    probe::Session,
    snapshot::{IdleInstance, Snapshot},
};

/// What is the same throughout a measurement.
pub struct Scene<'a> {
    /// What is asked for.
    pub options: &'a Measurement,
    /// The kernel half's maps.
    pub maps: &'a KernelMaps,
    /// Where.
    pub host: Host,
}

/// What the probes say of one moment.
pub struct Asked {
    asleep: Option<Vec<SleepingTask>>,
    idle_instances: Vec<IdleInstance>,
    probes: Vec<Probe>,
    counts_behind: bool,
}

impl Asked {
    /// Who sleeps now, on what, and what was missed so far.
    pub fn now(session: &mut Session, maps: &KernelMaps, logs: &mut Logs) -> Self {
        let asleep = session.sleeping_tasks();
        Self::of(asleep, session.probes(), session, maps, logs)
    }

    /// The same of a moment at which `asleep` slept and `probes` had missed so much.
    pub fn of(
        asleep: Option<Vec<SleepingTask>>,
        probes: Vec<Probe>,
        session: &Session,
        maps: &KernelMaps,
        logs: &mut Logs,
    ) -> Self {
        logs.watched.look(maps, asleep.iter().flatten().filter_map(SleepingTask::ready_set));
        // To find them takes a look at every descriptor: only worth it for a process with a thread that may be stuck.
        let stuck = asleep.iter().flatten().filter(|task| may_be_stuck(task)).map(|task| task.key.pid);
        let stuck: BTreeSet<_> = stuck.collect();
        let idle_instances = stuck.into_iter().flat_map(|pid| logs.watched.idle_instances(pid)).collect();
        Self { asleep, idle_instances, probes, counts_behind: session.counts_behind() }
    }
}

impl Scene<'_> {
    /// What `window` has brought, without the names that JVMs give their threads, and without stacks.
    pub fn snapshot(&self, window: WindowData, asked: Asked, held: Held, logs: &mut Logs) -> Snapshot {
        let options = self.options;
        let Held { mut threads, .. } = held;
        let mut target = window.target;
        logs.processes.write(&mut target, &held.targets);
        logs.culprits.iter_mut().for_each(|log| log.name_worst_turns(&mut threads));
        Snapshot {
            host: self.host.clone(),
            families: options.families.clone(),
            target,
            start: window.start,
            opened_ns: window.opened_ns,
            opened_boottime_ns: held.opened_boottime_ns,
            closed_ns: window.closed_ns,
            threshold_ns: options.threshold_ns,
            blocked_share: options.blocked_share,
            probes: asked.probes.into_iter().chain(logs.sight.probes()).collect(),
            hidden: logs.sight.hidden(),
            processes_dropped: held.targets.no_room,
            losses: held.losses,
            threads,
            syscalls: held.syscalls,
            asleep_before: window.asleep_before,
            asleep: asked.asleep,
            idle_instances: asked.idle_instances,
            counts_behind: asked.counts_behind,
            watched: logs.watched.so_far().clone(),
            thread_names: HashMap::new(),
            peer_labels: options.peer_labels.clone(),
            labels: options.labels.clone(),
            files: logs.files(held.files),
            culprits: logs.culprits.as_mut().map(|log| log.so_far(&held.untold)),
            stacks: None,
            intervals: window.intervals,
        }
    }
}

/// Whether a thread that is asleep may be an event loop that is stuck: in a traced call, or waiting for storage.
fn may_be_stuck(task: &SleepingTask) -> bool {
    let is_traced = |syscall: &Syscall| i64::from(syscall.info().number) == task.syscall_number;
    task.is_uninterruptible() || Syscall::ALL.iter().any(is_traced)
}
