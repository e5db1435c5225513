//! Which processes tracer may look into: what they have open and mapped is for their own user to see, and for who has the
//! capabilities for it (proc(5)).

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs::{self, File},
    io,
};

use crate::{
    capabilities::{self, Capability},
    escape::escape,
    model::{Mechanism, Probe, ProbeStatus},
};

/// Most processes that are looked into.
const MOST: usize = 10_000;

/// What was found out so far.
#[derive(Debug)]
pub struct Sight {
    looked: HashSet<u32>,
    /// Those that cannot be looked into, with their names.
    hidden: BTreeMap<u32, String>,
    /// What looking into them takes.
    takes: BTreeSet<Capability>,
    names_functions: bool,
    names_files: bool,
    has_warned: bool,
}

impl Sight {
    /// Nothing yet. `names_functions`, `names_files`: whether functions on stacks, and files that page faults read, are to be named.
    pub fn new(names_functions: bool, names_files: bool) -> Self {
        let (looked, hidden, takes) = (HashSet::new(), BTreeMap::new(), BTreeSet::new());
        Self { looked, hidden, takes, names_functions, names_files, has_warned: false }
    }

    /// Tries those of `pids` that it has not tried yet.
    pub fn look(&mut self, pids: impl IntoIterator<Item = u32>) {
        for pid in pids {
            if self.looked.len() == MOST || !self.looked.insert(pid) {
                continue;
            }
            let takes = takes(pid);
            if !takes.is_empty() {
                let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
                self.hidden.insert(pid, name.trim_end().to_owned());
                self.takes.extend(takes);
            }
        }
    }

    /// The processes that cannot be looked into.
    pub fn hidden(&self) -> HashSet<u32> {
        self.hidden.keys().copied().collect()
    }

    /// What a person is to be told of it, once.
    pub fn take_warning(&mut self) -> Option<String> {
        let why = self.why().filter(|_| !self.has_warned)?;
        self.has_warned = true;
        let lost: Vec<_> = self.lost().map(|(_, what)| what).collect();
        Some(format!("{why}; unknown are {}", lost.join(", and ")))
    }

    /// What is not observed for that reason.
    pub fn probes(&self) -> Vec<Probe> {
        let Some(why) = self.why() else { return Vec::new() };
        let missing = |(name, what): (&str, &str)| Probe {
            name: name.into(),
            mechanism: Mechanism::None,
            status: ProbeStatus::Unavailable,
            reason: Some(format!("unknown are {what}; {why}")),
            missed: None,
        };
        self.lost().map(missing).collect()
    }

    fn lost(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let all = [
            (true, Probe::DESCRIPTORS, "how many descriptors its threads watch"),
            (self.names_functions, Probe::FUNCTIONS, "the functions of its program on stacks"),
            (self.names_files, Probe::MOUNTS, "where it has the files mounted that its page faults read"),
        ];
        all.into_iter().filter_map(|(is_wanted, name, what)| is_wanted.then_some((name, what)))
    }

    fn why(&self) -> Option<String> {
        let (pid, name) = self.hidden.first_key_value()?;
        let others = match self.hidden.len() - 1 {
            0 => String::new(),
            1 => " and 1 other".into(),
            number => format!(" and {number} others"),
        };
        let cause = match capabilities::missing(&Vec::from_iter(self.takes.iter().copied()), capabilities::held()) {
            Some(missing) => format!(" without {missing}"),
            None => ": the kernel refuses it".into(),
        };
        Some(format!("cannot look into process {pid} ({}){others}{cause}", escape(name)))
    }
}

/// What it takes to see what a process has mapped and open, as far as the kernel refuses that; one that has ended is not hidden.
fn takes(pid: u32) -> Vec<Capability> {
    let is_denied = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    let mappings = File::open(format!("/proc/{pid}/maps")).is_err_and(is_denied);
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).is_err_and(is_denied);
    let all = [(mappings, Capability::SysPtrace), (descriptors, Capability::DacReadSearch)];
    all.into_iter().filter_map(|(is_denied, capability)| is_denied.then_some(capability)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_processes_and_those_that_have_ended_are_not_hidden() {
        let mut sight = Sight::new(true, true);
        sight.look([std::process::id(), u32::MAX]);
        assert!(sight.hidden().is_empty() && sight.probes().is_empty() && sight.take_warning().is_none());
    }

    #[test]
    fn each_thing_that_is_lost_is_named_and_told_once() {
        let mut sight = Sight::new(true, false);
        sight.hidden = [(7, "a\nb".into()), (8, "c".into())].into();
        let probes = sight.probes();
        let names: Vec<_> = probes.iter().map(|probe| probe.name.as_str()).collect();
        assert_eq!(names, [Probe::DESCRIPTORS, Probe::FUNCTIONS]);
        let reason = probes[0].reason.as_deref().unwrap();
        let begins =
            r"unknown are how many descriptors its threads watch; cannot look into process 7 (a\nb) and 1 other";
        assert!(reason.starts_with(begins), "{reason}");
        let warning = sight.take_warning().unwrap();
        assert!(warning.contains("watch, and the functions") && !warning.contains("mounted"), "{warning}");
        assert_eq!(sight.take_warning(), None);
    }
}
