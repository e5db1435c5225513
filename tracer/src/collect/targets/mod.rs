//! Whom to measure: from what the user says to what the kernel half is told, and who it turned out to be.

mod cgroups;
mod end;
mod given;
mod hierarchies;
mod list;
mod processes;

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use tracer_common::targets::TICK_NS;

use self::{
    cgroups::TargetCgroup,
    hierarchies::{CONTROLLERS, Kind},
};
pub use self::{
    end::TargetEnd,
    given::{TargetProcess, ignores_hangup},
    list::ProcessList,
    processes::{ThreadNow, lives, thread_now},
};
use crate::{
    globs,
    model::{Pid, Tid},
    options::TargetOption,
    probe::{ExpectedTarget, TargetFilter, WatchedCgroup},
};

/// How often to look for a cgroup that is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// Waits for so long before the next look for what is named.
pub type Wait<'a> = dyn FnMut(&str, Duration) -> Result<()> + 'a;

/// Whom a measurement is about, found.
pub struct Targets {
    /// The processes that were given by id, or by a thread's id.
    pub given: Vec<TargetProcess>,
    /// The threads that were given by id, with their processes.
    pub threads: Vec<(Pid, Tid)>,
    /// What the kernel half is told.
    pub filter: TargetFilter,
    /// Threads that all of them have now, about.
    pub thread_count: usize,
    /// Whether processes may become targets while the window is open.
    pub is_open_ended: bool,
    /// The cgroups that were found.
    cgroups: Vec<u64>,
}

impl Targets {
    /// Finds whom `option` names; waits by `wait` if that has to be waited for.
    ///
    /// # Errors
    /// If one of them does not exist, or is something else, or if `wait` gives up.
    pub fn resolve(option: &TargetOption, wait: &mut Wait<'_>) -> Result<Self> {
        let mut given = option.pids.iter().map(|&pid| TargetProcess::of_pid(pid)).collect::<Result<Vec<_>>>()?;
        let mut threads = Vec::new();
        for &tid in &option.tids {
            let process = TargetProcess::of_tid(tid)?;
            threads.push((process.process.pid, tid));
            if given.iter().all(|other| other.process.pid != process.process.pid) {
                given.push(process);
            }
        }
        let tables = globs::compile(&option.comms).map_err(|why| anyhow!("cannot measure so many --comm: {why}"))?;
        let cgroups = found_cgroups(option, wait)?;
        let thread_count = if option.all {
            threads_of_all()
        } else {
            let given = given.iter().map(|process| process.threads).sum::<usize>();
            let in_cgroups = cgroups.iter().map(|cgroup| hierarchies::threads(&cgroup.directory)).sum::<usize>();
            given + in_cgroups + threads_of_named(&tables)
        };
        let filter = match (option.pids.as_slice(), option.tids.as_slice()) {
            (&[pid], []) if option.is_by_id() && !option.follow => TargetFilter::Process(pid.0),
            ([], &[tid]) if option.is_by_id() && !option.follow => {
                TargetFilter::Thread { pid: threads.first().map_or(0, |&(pid, _)| pid.0), tid: tid.0 }
            }
            _ => TargetFilter::Several {
                everybody: option.all,
                follow: option.follow,
                expected: expected(option, &given, &threads)?,
                tables,
                cgroups: cgroups.iter().map(watched).collect(),
            },
        };
        Ok(Self {
            given,
            threads,
            filter,
            thread_count,
            is_open_ended: option.follow || !option.is_by_id(),
            cgroups: cgroups.iter().map(|cgroup| cgroup.id).collect(),
        })
    }
}

/// The cgroups that are measured, while their names may come to stand for others: a unit that is started again has a cgroup of
/// its own.
#[derive(Debug)]
pub struct CgroupsFound(Vec<u64>);

impl CgroupsFound {
    /// Those of `targets`.
    #[must_use]
    pub fn of(targets: &Targets) -> Self {
        Self(targets.cgroups.clone())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `option` names others by now. One that has gone is not replaced yet.
    #[must_use]
    pub fn are_replaced(&self, option: &TargetOption) -> bool {
        by_name(option).is_ok_and(|found| found.iter().map(|cgroup| cgroup.id).ne(self.0.iter().copied()))
    }
}

fn by_name(option: &TargetOption) -> Result<Vec<TargetCgroup>> {
    let by_path = option.cgroups.iter().map(|text| cgroups::cgroup(text));
    by_path.chain(option.units.iter().map(|name| cgroups::unit(name))).collect()
}

/// The cgroups that `option` names; waits for them if it is to.
fn found_cgroups(option: &TargetOption, wait: &mut Wait<'_>) -> Result<Vec<TargetCgroup>> {
    // With names beside them, the first process of any kind ends the wait, and cgroups cannot be added later.
    let is_waited_for = |found: &Result<Vec<TargetCgroup>>| match found {
        Ok(cgroups) => cgroups.iter().all(|cgroup| hierarchies::threads(&cgroup.directory) == 0),
        Err(_) => true,
    };
    let mut found = by_name(option);
    let names_cgroups_alone = option.comms.is_empty() && option.pids.is_empty() && option.tids.is_empty();
    if option.wait && names_cgroups_alone && is_waited_for(&found) {
        let selector = option.selector();
        while is_waited_for(&found) {
            wait(&selector, LOOK)?;
            found = by_name(option);
        }
    }
    found
}

fn watched(cgroup: &TargetCgroup) -> WatchedCgroup {
    let controller = match cgroup.kind {
        Kind::V1(index) => Some(CONTROLLERS[index].1),
        Kind::V2 | Kind::Named => None,
    };
    WatchedCgroup { id: cgroup.id, controller, directory: cgroup.directory.display().to_string() }
}

/// What the kernel half is to expect in its walk through all tasks.
fn expected(option: &TargetOption, given: &[TargetProcess], threads: &[(Pid, Tid)]) -> Result<Vec<ExpectedTarget>> {
    let processes = given.iter().filter(|process| option.pids.contains(&process.process.pid));
    let mut expected: Vec<_> = processes
        .map(|process| ExpectedTarget {
            id: process.process.pid.0,
            start_boottime_ns: process.process.start_time_ns,
            is_thread: false,
            after_exec: option.after_exec,
        })
        .collect();
    // A thread of a process that is measured as a whole needs no entry of its own.
    for &(pid, tid) in threads.iter().filter(|(pid, _)| !option.pids.contains(pid)) {
        let start = given::start_of_thread(pid, tid);
        let start_boottime_ns = start.with_context(|| format!("thread {tid} ended before it could be measured"))?;
        expected.push(ExpectedTarget { id: tid.0, start_boottime_ns, is_thread: true, after_exec: false });
    }
    debug_assert!(expected.iter().all(|target| target.start_boottime_ns.is_multiple_of(TICK_NS)));
    Ok(expected)
}

/// Threads of processes whose names match.
fn threads_of_named(tables: &[tracer_common::globs::GlobTable]) -> usize {
    let Ok(entries) = std::fs::read_dir("/proc") else { return 0 };
    if tables.is_empty() {
        return 0;
    }
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let stats = pids.filter_map(|pid| processes::stat(&format!("/proc/{pid}/stat")));
    stats.filter(|stat| globs::matches(tables, &stat.comm)).map(|stat| stat.threads).sum()
}

/// Threads of the whole machine (`/proc/loadavg`, proc(5)).
fn threads_of_all() -> usize {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let entities = text.split_whitespace().nth(3).and_then(|field| field.split_once('/')?.1.parse().ok());
    entities.unwrap_or(0)
}

/// Fails if there is nobody to measure, and nobody is waited for.
///
/// # Errors
/// Says so, and what to do.
pub fn ensure_somebody(option: &TargetOption, processes: &ProcessList) -> Result<()> {
    // A cgroup that is empty may be filled in a moment.
    let may_be_empty = option.wait || !option.cgroups.is_empty() || !option.units.is_empty() || option.all;
    if processes.processes().is_empty() && !may_be_empty {
        bail!("cannot measure {}: no process is called so (--wait waits until one is)", option.selector());
    }
    Ok(())
}
