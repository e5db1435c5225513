//! From running probes to a snapshot: the gate of the window, the maps, the target as /proc shows it.

mod clock;
mod culprits;
mod host;
mod java;
mod kernel_maps;
mod mapped;
mod mapped_files;
mod process;
mod stacks;
mod totals;
mod watched;

pub use self::{
    clock::{boottime_ns, monotonic_ns},
    culprits::CulpritLog,
    host::{host, possible_cpus},
    java::JavaNames,
    kernel_maps::KernelMaps,
    mapped_files::MappedFiles,
    process::{TargetProcess, ignores_hangup, thread_name},
    stacks::StackLog,
    totals::{Totals, interval},
    watched::WatchLog,
};
