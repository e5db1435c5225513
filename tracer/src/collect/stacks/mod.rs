//! The stacks that the kernel half kept, with names.
//!
//! A stack is a list of addresses. What lay there must be known even if the process is long gone: so the kernel tells
//! of every program that is executed and every file of code that is mapped while the window is open (`events`), and
//! what the target had mapped before is read before the window opens (`processes`). Names are looked up after it has
//! closed (`symbols`).

mod events;
mod files;
mod mappings;
mod perf_map;
mod processes;
mod symbols;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    os::unix::fs::MetadataExt as _,
    rc::Rc,
};

use anyhow::Result;
use tracer_common::stack::StackIds;

use self::{
    events::Events,
    files::{Files, below, read_regular},
    mappings::MappedFile,
    processes::{Process, Processes},
};
use crate::{
    capabilities::{self, Capability},
    probe::StackMaps,
    snapshot::Stacks,
};

/// What an address is called that nothing is known of.
const UNKNOWN: &str = "[unknown]";

/// What stands in place of the kernel's functions where it hides their names (`kallsyms_show_value` in kernel/ksyms_common.c).
fn hidden() -> String {
    const SETTING: &str = "kernel.kptr_restrict";
    let level = fs::read_to_string("/proc/sys/kernel/kptr_restrict").unwrap_or_default();
    match capabilities::missing(&[Capability::Syslog], capabilities::held()) {
        Some(missing) if matches!(level.trim(), "0" | "1") => format!("[kernel: names hidden without {missing}]"),
        _ => format!("[kernel: names hidden by {SETTING}]"),
    }
}

/// By offset in a file: the processes and addresses where that is mapped.
type Places = BTreeMap<u64, Vec<(u32, u64)>>;

/// What is taken down of stacks while the window is open.
pub struct StackLog {
    maps: StackMaps,
    events: Option<Events>,
    processes: Processes,
    files: Files,
    is_incomplete: bool,
}

impl StackLog {
    /// Listens from now on. Before the window opens, and before the processes that it begins with are looked at.
    pub fn start(maps: StackMaps, cpus: u32, detail: &mut dyn FnMut(&str)) -> Self {
        let events = Events::listen(cpus)
            .inspect_err(|error| detail(&format!("stacks: processes that end early have no names: {error}")));
        let (processes, files) = (Processes::default(), Files::default());
        Self { maps, events: events.ok(), processes, files, is_incomplete: false }
    }

    /// Takes what the kernel told of processes. To be called now and then, or its buffers run over.
    pub fn follow(&mut self) {
        if let Some(events) = &mut self.events {
            self.is_incomplete |= !self.processes.learn(events.take());
        }
    }

    /// Looks at processes of the target while they live: those that are new, and all if something may have been missed.
    pub fn look(&mut self, pids: impl Iterator<Item = u32>) {
        self.follow();
        let anew = self.events.is_none() || std::mem::take(&mut self.is_incomplete);
        let known = if anew { self.processes.looked_at() } else { Vec::new() };
        for pid in pids.chain(known).collect::<BTreeSet<_>>() {
            self.processes.look(pid, anew, &mut self.files);
        }
    }

    /// The sums, and the names of the stacks that they and `others` are about.
    ///
    /// # Errors
    /// If the kernel does not let them be read.
    pub fn finish(mut self, others: impl Iterator<Item = (u32, StackIds)>) -> Result<Stacks> {
        self.follow();
        let rows = self.maps.rows()?;
        let used: BTreeSet<_> = rows.iter().map(|(key, _)| (key.thread.pid, key.ids)).chain(others).collect();
        let kernel: BTreeSet<_> = used.iter().map(|(_, ids)| ids.kernel).filter(|&id| id >= 0).collect();
        let user: BTreeSet<_> = used.iter().map(|&(pid, ids)| (pid, ids.user)).filter(|&(_, id)| id >= 0).collect();
        let addresses = |id| self.maps.addresses(id).map(callers).unwrap_or_default();
        let kernel: BTreeMap<_, _> = kernel.into_iter().map(|id| (id, addresses(id))).collect();
        let user: BTreeMap<_, _> = user.into_iter().map(|(pid, id)| ((pid, id), addresses(id))).collect();
        Ok(Stacks { rows, kernel: self.kernel_frames(&kernel), user: self.user_frames(&user) })
    }

    fn kernel_frames(&self, stacks: &BTreeMap<i32, Vec<u64>>) -> HashMap<i32, Vec<String>> {
        let addresses: Vec<_> = stacks.values().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let Some(names) = symbols::of_kernel(&addresses) else {
            return stacks.keys().map(|&id| (id, vec![hidden()])).collect();
        };
        let names: HashMap<_, _> = addresses.into_iter().zip(names).collect();
        let name = |address: &u64| names[address].clone().unwrap_or_else(|| UNKNOWN.into());
        stacks.iter().map(|(&id, stack)| (id, without_probe(stack.iter().map(name).collect()))).collect()
    }

    fn user_frames(&self, stacks: &BTreeMap<(u32, i32), Vec<u64>>) -> HashMap<(u32, i32), Vec<String>> {
        let mut names = HashMap::new();
        let mut by_file: HashMap<Rc<MappedFile>, Places> = HashMap::new();
        let mut made: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (&(pid, _), stack) in stacks {
            for &address in stack {
                let place = self.processes.get(pid).and_then(|process| process.mappings.at(address));
                match place.and_then(|mapping| Some((mapping.file.as_ref()?, address - mapping.start + mapping.offset)))
                {
                    Some((file, offset)) => {
                        by_file.entry(Rc::clone(file)).or_default().entry(offset).or_default().push((pid, address));
                    }
                    None => made.entry(pid).or_default().push(address),
                }
            }
        }
        for (file, places) in by_file {
            let offsets: Vec<_> = places.keys().copied().collect();
            let users = places.values().flatten();
            let root = users.map(|&(pid, _)| pid).find_map(|pid| self.processes.get(pid)?.root.as_ref());
            let found = self.files.copy(&file, root).map(|copy| symbols::of_file(&copy, &offsets)).unwrap_or_default();
            for (index, (offset, users)) in places.into_iter().enumerate() {
                let name = found.get(index).cloned().flatten().unwrap_or_else(|| place_in(&file, offset));
                names.extend(users.into_iter().map(|user| (user, name.clone())));
            }
        }
        for (pid, addresses) in made {
            let found = self.processes.get(pid).and_then(|process| made_names(process, &addresses));
            let found = found.into_iter().flatten();
            names.extend(addresses.iter().zip(found).filter_map(|(&at, name)| Some(((pid, at), name?))));
        }
        let name = |pid, at: &u64| names.get(&(pid, *at)).cloned().unwrap_or_else(|| UNKNOWN.into());
        stacks.iter().map(|(&(pid, id), stack)| ((pid, id), stack.iter().map(|at| name(pid, at)).collect())).collect()
    }
}

/// A stack as the calls that it is made of: all but the innermost address are where a call returns to, which may be
/// another function already.
fn callers(mut stack: Vec<u64>) -> Vec<u64> {
    stack.iter_mut().skip(1).for_each(|address| *address = address.saturating_sub(1));
    stack
}

/// What lies between a tracepoint and the program on it. The program itself is no function of the kernel's: its
/// address bears any name, or none.
const TRACING: [&str; 6] = [
    "bpf_trace_run",
    "__bpf_trace_",
    "__traceiter_",
    "trace_call_bpf",
    "perf_trace_run_bpf_submit",
    "perf_syscall_exit",
];

/// A kernel stack without what took it.
fn without_probe(mut stack: Vec<String>) -> Vec<String> {
    let is_tracing = |name: &String| TRACING.iter().any(|&start| name.starts_with(start));
    let own = stack.iter().rposition(is_tracing).map_or(0, |last| last + 1);
    stack.drain(..own);
    stack
}

/// An address that has no name in its file.
fn place_in(file: &MappedFile, offset: u64) -> String {
    if file.inode == 0 {
        return file.path.clone();
    }
    let name = file.path.trim_end_matches(" (deleted)").rsplit('/').next().unwrap_or_default();
    format!("[{name}+{offset:#x}]")
}

/// Names of code that a process made while it ran; `None`: it says nothing of it.
fn made_names(process: &Process, addresses: &[u64]) -> Option<Vec<Option<String>>> {
    let path = format!("/tmp/perf-{}.map", process.inner_pid);
    let map = read_regular(&below(process.root.as_ref()?, &path)?)?;
    // Everybody may put a file into /tmp.
    let owner = map.metadata().ok()?.uid();
    let is_own = owner == 0 || process.user.is_none_or(|user| user == owner);
    is_own.then(|| perf_map::names(map, addresses))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_a_stack_is_no_part_of_it() {
        let stack = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let taken = stack(&["any_name", "bpf_trace_run4", "__traceiter_sched_switch"]);
        let own = stack(&["__schedule", "schedule", "bpf_prog_load"]);
        assert_eq!(without_probe([taken, own.clone()].concat()), own);
        assert_eq!(without_probe(own.clone()), own);
    }

    #[test]
    fn an_address_without_a_name_says_where_it_is() {
        let file = |path: &str, inode| MappedFile { path: path.into(), inode };
        assert_eq!(place_in(&file("/usr/lib/libc.so.6", 5), 0xfec20), "[libc.so.6+0xfec20]");
        assert_eq!(place_in(&file("/tmp/a (deleted)", 5), 1), "[a+0x1]");
        assert_eq!(place_in(&file("[vdso]", 0), 1), "[vdso]");
    }

    #[test]
    fn where_a_call_returns_to_stands_for_the_call() {
        assert_eq!(callers(vec![0x10, 0x20, 0]), [0x10, 0x1f, 0]);
    }
}
