//! From running probes to a snapshot: the gate of the window, the maps, the target as /proc shows it.

mod clock;
mod culprits;
mod held;
mod host;
mod java;
mod kernel_maps;
mod mapped;
mod mounts;
mod paths;
mod restart;
mod sight;
mod stacks;
mod targets;
mod thread_log;
mod totals;
mod watched;

pub use self::{
    clock::{boottime_ns, monotonic_ns},
    culprits::{CulpritLog, MOST_CALLS},
    held::Held,
    host::{host, possible_cpus},
    java::JavaNames,
    kernel_maps::KernelMaps,
    sight::Sight,
    stacks::StackLog,
    targets::{
        CgroupsFound, ProcessList, TargetEnd, TargetProcess, Targets, ThreadNow, ensure_somebody, ignores_hangup,
        lives, thread_now,
    },
    thread_log::ThreadLog,
    totals::{Totals, interval},
    watched::WatchLog,
};
