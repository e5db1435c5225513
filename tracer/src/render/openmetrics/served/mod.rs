//! What an exporter serves: what all windows add up to, and how it stands. Nothing that grows is ever told to be less.
//!
//! Who is told apart is bounded: processes by their names, threads as far as there are seats for them.

mod processes;
mod state;

pub use self::state::Own;
use super::{
    calls, event_loops,
    family::{Dialect, Family, Told, text},
    page_cache,
};
use crate::{analysis::so_far::SoFar, render::facts::knows_disk_waits};

/// What is to be told.
pub struct Served<'a> {
    /// What all windows add up to.
    pub so_far: &'a SoFar,
    /// The exporter itself.
    pub own: Own,
    /// Processes that are measured and live.
    pub targets: u64,
    /// For how long no window was open, between two of them, ns.
    pub unobserved_ns: u64,
}

/// The metrics in each text.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// OpenMetrics 1.0.
    pub openmetrics: String,
    /// The older text format of Prometheus.
    pub prometheus: String,
}

/// The metrics. `told` is what was told of them before, and becomes what is told now.
#[must_use]
pub fn served(served: &Served<'_>, told: &mut Told) -> Texts {
    let mut families = families(served);
    let mut next = Told::default();
    families.iter_mut().for_each(|family| family.keep_growing(told, &mut next));
    *told = next;
    Texts { openmetrics: text(&families, Dialect::OpenMetrics), prometheus: text(&families, Dialect::Prometheus) }
}

fn families(served: &Served<'_>) -> Vec<Family> {
    let sums = served.so_far.sums();
    let newest = served.so_far.newest();
    let knows_disk = newest.is_none_or(knows_disk_waits);
    let syscalls: Vec<_> = sums.syscalls.values().collect();
    let mut families = state::about(served, &sums);
    families.extend(calls::growing(&syscalls, knows_disk));
    families.extend(processes::calls(&sums, knows_disk));
    families.extend(processes::waits(&sums, knows_disk));
    families.extend(processes::threads(&served.so_far.threads(), knows_disk));
    families.extend(event_loops::by_process(sums.event_loops.iter(), knows_disk));
    families.extend(page_cache::families(sums.page_cache.as_ref()));
    families
}
