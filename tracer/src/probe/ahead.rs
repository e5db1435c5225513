//! Programs are loaded before any is attached, those of each probe in a thread of its own: a kernel's verifier takes up to a
//! tenth of a second for one, and checks as many at the same time as there are CPUs.

use std::{
    collections::HashMap,
    thread::{self, Scope, ScopedJoinHandle},
};

use anyhow::{Context as _, Result};
use aya::{Ebpf, programs::Program};

use super::{
    SLEEPING_TASKS, TargetFilter,
    attach::Refusal,
    ladder::ProbeSpec,
    load_task_iterator,
    rung::{self, Tools},
    targets::{self, WALK},
};

/// What came of it.
pub struct Ahead {
    /// For each probe: its first rungs, whose programs were refused. Those of the next one are loaded.
    pub refused: Vec<Vec<Refusal>>,
    /// The programs that list tasks; an error if one is missing that is needed.
    pub iterators: Result<Iterators>,
}

/// The programs that list tasks.
pub struct Iterators {
    /// Whether those asleep can be listed.
    pub can_list_tasks: bool,
}

/// Programs that one thread loads.
type Share<'a> = HashMap<&'a str, &'a mut Program>;

/// Loads what `specs` need, and what lists tasks.
pub fn load(ebpf: &mut Ebpf, specs: &[ProbeSpec], filter: &TargetFilter, tools: &Tools<'_>) -> Ahead {
    let mut programs: Share<'_> = ebpf.programs_mut().collect();
    thread::scope(|scope| {
        let climbs: Vec<_> = specs
            .iter()
            .map(|spec| {
                let names = spec.rungs.iter().flat_map(|rung| rung.programs());
                let mut share = take(&mut programs, names);
                start(scope, move || climb(&mut share, spec, tools))
            })
            .collect();
        let mut share = take(&mut programs, [WALK, SLEEPING_TASKS]);
        let iterators = start(scope, move || {
            targets::load_walk(&mut share, tools.btf, filter)?;
            Ok(Iterators { can_list_tasks: load_task_iterator(&mut share, tools.btf).is_ok() })
        });
        Ahead {
            // A probe whose thread could not be started loads its programs when it attaches them.
            refused: climbs.into_iter().map(|climb| climb.and_then(ended).unwrap_or_default()).collect(),
            iterators: iterators.and_then(ended).context("cannot load programs: no thread to do it in").flatten(),
        }
    })
}

fn take<'a>(programs: &mut Share<'a>, names: impl IntoIterator<Item = &'static str>) -> Share<'a> {
    names.into_iter().filter_map(|name| programs.remove_entry(name)).collect()
}

fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Option<ScopedJoinHandle<'scope, T>> {
    thread::Builder::new().spawn_scoped(scope, work).ok()
}

fn ended<T>(thread: ScopedJoinHandle<'_, T>) -> Option<T> {
    Some(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// Loads the programs of the first rung whose programs the kernel takes. Says what it refused before.
fn climb(programs: &mut Share<'_>, spec: &ProbeSpec, tools: &Tools<'_>) -> Vec<Refusal> {
    let mut refused = Vec::new();
    for rung in &spec.rungs {
        match rung::load(programs, rung, tools) {
            Ok(()) => break,
            Err(error) => {
                rung::take_off(programs, rung);
                refused.push(Refusal::new(rung, &error));
            }
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tracer_common::syscall::Syscall;

    use super::super::{TargetHooks, ladder};

    #[test]
    fn no_program_is_of_two_probes() {
        // The second one would find it missing among those that were left.
        let targets = ladder::targets(TargetHooks { processes: true, names: true });
        let shared = [ladder::readiness(), ladder::page_cache(), ladder::disk_waits(), ladder::calls(&Syscall::ALL)];
        let mut seen = HashSet::new();
        for spec in shared.into_iter().chain(targets) {
            let programs: HashSet<_> = spec.rungs.iter().flat_map(|rung| rung.programs()).collect();
            programs.iter().for_each(|program| assert!(seen.insert(*program), "{program}"));
        }
        assert!(seen.len() > 30, "{}", seen.len());
    }
}
