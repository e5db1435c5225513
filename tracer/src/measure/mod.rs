//! One measurement from start to end: attach, open the window, wait, close it, collect, analyse.

mod cutter;
mod early;
mod found;
mod java;
mod patience;
mod room;
mod ticks;
mod warnings;
mod window;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use tracer_common::{records::SleepingTask, syscall::Syscall};

use self::{
    patience::Patience,
    room::{Room, room_for},
};
use crate::{
    analysis,
    child::Child,
    collect::{self, CulpritLog, KernelMaps, MappedFiles, ProcessList, StackLog, Targets, WatchLog},
    model::{Interval, Recording, Target},
    options::Measurement,
    probe::{Request, Session, Sizes},
    snapshot::{FilesRead, Snapshot},
};

/// Who is told how a measurement goes.
pub trait Observer {
    /// All probes are attached, and nobody is there yet whom they could observe.
    fn waiting(&mut self, _selector: &str) {}
    /// All probes are attached and the window is open.
    fn started(&mut self, target: &Target, start: Timestamp, duration: Option<Duration>);
    /// The window is about to close.
    fn closing(&mut self) {}
    /// One of the intervals that the recording is cut into has passed.
    fn recorded(&mut self, _interval: &Interval) {}
    /// One of the intervals that the user asked for has passed.
    fn interval(&mut self, interval: &Interval);
    /// Something went wrong that does not end the measurement.
    fn warning(&mut self, text: &str);
    /// Something that only `-v` shows.
    fn detail(&mut self, text: &str);
}

/// Measures. A `child` is let go when the window opens, and its end closes it.
///
/// # Errors
/// If the target does not exist or the kernel does not let it be measured.
pub fn measure(options: &Measurement, mut child: Option<&mut Child>, observer: &mut dyn Observer) -> Result<Recording> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the measurement: no event loop to wait in")?;
    let mut patience = Patience::new(child.as_deref_mut(), observer);
    let targets = Targets::resolve(&options.target, &mut |selector, period| patience.pause(selector, period))?;
    let Room { slots, turn_records } = room_for(options, &targets);
    let syscalls = options.syscalls();
    let sizes = Sizes {
        slots,
        turns: turn_records,
        rows: syscalls.len() as u32,
        files: options.looks_at_files().then(|| options.max_files.next_power_of_two().max(2)),
        stacks: options.stacks,
        cpus: collect::possible_cpus(),
        targets: if targets.filter.is_listed() { slots } else { 0 },
        glob_tables: targets.filter.glob_tables(),
    };
    let request = Request {
        syscalls: &syscalls,
        sizes: &sizes,
        targets: &targets.filter,
        threshold_ns: options.threshold_ns,
        turns: options.turns,
        mechanism: options.mechanism,
        warnings: options.verbose,
    };
    let mut session = Session::start(&request, &mut |text| observer.detail(text))?;
    observer.detail(&format!("room for {slots} threads"));
    let maps = KernelMaps::of(&session, &sizes, syscalls)?;
    let mut patience = Patience::new(child.as_deref_mut(), observer);
    let processes = found::find_targets(options, &targets, &mut session, &maps, &mut patience)?;
    let mut logs = Logs {
        culprits: session.slow_calls()?.map(CulpritLog::new),
        watched: WatchLog::default(),
        mapped: options.looks_at_files().then(MappedFiles::default),
        stacks: match options.stacks {
            Some(_) => {
                // What a command has mapped before its exec is not the command's.
                let pids = processes.first().filter(|_| options.command.is_none());
                Some(StackLog::start(session.stacks()?, sizes.cpus, pids, &mut |text| observer.detail(text)))
            }
            None => None,
        },
        processes,
    };
    // Before the window opens: it stops the target for a moment.
    let java = options.java_names.then(|| {
        let asked = Instant::now();
        let names = java::ask(&targets, &logs.processes, observer);
        observer.detail(&format!("asked for names of Java threads: {} ms", asked.elapsed().as_millis()));
        names
    });
    let window = window::watch(options, &mut session, &maps, &mut logs, targets, child.as_deref_mut(), observer);
    let mut window = runtime.block_on(window)?;
    let asleep = session.sleeping_tasks();
    logs.watched.look(&maps, asleep.iter().flatten().filter_map(SleepingTask::ready_set));
    logs.processes.drain();
    if session.lists_targets() {
        logs.processes.extend(&session.targets(|| maps.target_counts())?);
    }
    logs.processes.add_slots(&maps);
    let target_counts = maps.target_counts();
    logs.processes.finish(&mut window.target, &target_counts);
    if let Some(child) = &child {
        window.target.processes.iter_mut().for_each(|process| child.describe(process));
    }
    // To find them takes a look at every descriptor: only worth it for a process with a thread that may be stuck.
    let stuck = asleep.iter().flatten().filter(|task| may_be_stuck(task)).map(|task| task.key.pid);
    let stuck: BTreeSet<_> = stuck.collect();
    let idle_instances = stuck.into_iter().flat_map(|pid| logs.watched.idle_instances(pid)).collect();
    let probes = session.probes();
    let counts_behind = session.counts_behind();
    // The kernel waits for grace periods, probe by probe; behind a closed gate nobody else needs to.
    std::thread::spawn(move || drop(session));
    let mut threads = maps.threads();
    logs.culprits.iter_mut().for_each(|log| log.name_worst_turns(&mut threads));
    let sleepers = asleep.as_deref().unwrap_or_default();
    let files = logs.files(&maps);
    let culprits = logs.culprits.map(|log| log.finish(&maps.untold()));
    let slow_calls = culprits.iter().flat_map(|culprits| &culprits.calls);
    let slow_calls = slow_calls.map(|data| (data.call.key.pid, data.call.stack));
    let stacks = logs.stacks.map(|log| log.finish(slow_calls)).transpose()?;
    let thread_names = java.map(|java| java::names(java, &threads, sleepers, observer));
    Ok(analysis::recording(&Snapshot {
        host: collect::host(),
        families: options.families.clone(),
        target: window.target,
        start: window.start,
        opened_ns: window.opened_ns,
        opened_boottime_ns: maps.opened_boottime_ns(),
        closed_ns: window.closed_ns,
        threshold_ns: options.threshold_ns,
        blocked_share: options.blocked_share,
        probes,
        processes_dropped: target_counts.no_room,
        losses: maps.losses(),
        threads,
        syscalls: maps.beyond_threads(),
        asleep_before: window.asleep_before,
        asleep,
        idle_instances,
        counts_behind,
        watched: logs.watched.finish(),
        thread_names: thread_names.unwrap_or_default(),
        peer_labels: options.peer_labels.clone(),
        culprits,
        stacks,
        files,
        intervals: window.intervals,
    }))
}

/// What is taken down while the window is open, beside the kernel half's own sums.
struct Logs {
    culprits: Option<CulpritLog>,
    watched: WatchLog,
    stacks: Option<StackLog>,
    mapped: Option<MappedFiles>,
    processes: ProcessList,
}

impl Logs {
    /// Looks at what the target waits on, and at what it has mapped.
    fn look(&mut self, maps: &KernelMaps) {
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
    fn files(&mut self, maps: &KernelMaps) -> Option<FilesRead> {
        let mapped = self.mapped.as_ref()?;
        Some(self.culprits.as_mut()?.files(maps.files()?, mapped.paths()))
    }
}

/// Whether a thread that is asleep may be an event loop that is stuck: in a traced call, or waiting for storage.
fn may_be_stuck(task: &SleepingTask) -> bool {
    let is_traced = |syscall: &Syscall| i64::from(syscall.info().number) == task.syscall_number;
    task.is_uninterruptible() || Syscall::ALL.iter().any(is_traced)
}
