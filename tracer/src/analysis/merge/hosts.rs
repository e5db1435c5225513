//! Which host a row is of. Machines may have the same name, and a machine is another one after a boot: times since the
//! boot, which tell threads apart, begin anew.

use std::collections::{BTreeMap, BTreeSet};

use super::walk;
use crate::model::{Host, Recording};

/// Characters of a boot's id that tell it from others.
const BOOT_SHOWN: usize = 8;

/// What tells a host, and a boot of it, from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId {
    hostname: String,
    boot_id: String,
}

impl HostId {
    fn of(host: &Host) -> Self {
        Self { hostname: host.hostname.clone(), boot_id: host.boot_id.clone() }
    }

    /// What its rows are marked with, the shorter the better.
    fn names(&self) -> [String; 3] {
        let Self { hostname, boot_id } = self;
        let start: String = boot_id.chars().take(BOOT_SHOWN).collect();
        [hostname.clone(), format!("{hostname} (boot {start})"), format!("{hostname} (boot {boot_id})")]
    }
}

/// The hosts of a recording, and how its rows name them.
#[derive(Debug, Default)]
pub struct Hosts(BTreeMap<HostId, Option<String>>);

impl Hosts {
    /// Rows say nothing where there is one host, its name where that tells it from the others, and else its boot too.
    /// `None` if some cannot be told apart.
    pub fn of(hosts: &[Host]) -> Option<Self> {
        let ids: BTreeSet<HostId> = hosts.iter().map(HostId::of).collect();
        if ids.len() < 2 {
            return Some(Self(ids.into_iter().map(|id| (id, None)).collect()));
        }
        let mut with_name: BTreeMap<&str, usize> = BTreeMap::new();
        for id in &ids {
            *with_name.entry(&id.hostname).or_default() += 1;
        }
        let name = |id: &HostId, length: usize| {
            let is_alone = with_name.get(&*id.hostname) == Some(&1);
            let [name, ..] = id.names();
            if is_alone { name } else { id.names()[length].clone() }
        };
        let distinct =
            |length: &usize| ids.iter().map(|id| name(id, *length)).collect::<BTreeSet<_>>().len() == ids.len();
        let length = [1, 2].into_iter().find(distinct)?;
        let names: Vec<_> = ids.iter().map(|id| Some(name(id, length))).collect();
        Some(Self(ids.into_iter().zip(names).collect()))
    }

    /// The host that rows name so.
    pub fn with_name(&self, name: Option<&str>) -> Option<&HostId> {
        self.0.iter().find(|(_, other)| other.as_deref() == name).map(|(id, _)| id)
    }

    /// Names the hosts of a recording's rows as it is done here; `None` if a row is of a host that the recording
    /// does not list.
    pub fn rename(&self, recording: &mut Recording) -> Option<()> {
        let before = Self::of(&recording.hosts)?;
        let names: BTreeMap<&Option<String>, &Option<String>> =
            before.0.iter().map(|(id, old)| Some((old, self.0.get(id)?))).collect::<Option<_>>()?;
        let mut is_known = true;
        walk::hostnames(recording, &mut |name| match names.get(name) {
            Some(&new) if new != name => name.clone_from(new),
            Some(_) => {}
            None => is_known = false,
        });
        is_known.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(hosts: &[(&str, &str)]) -> Option<Vec<Option<String>>> {
        let host = |&(hostname, boot_id): &(&str, &str)| Host {
            hostname: hostname.into(),
            kernel: "6.12".into(),
            arch: "x86_64".into(),
            cpus: 2,
            boot_id: boot_id.into(),
        };
        let hosts: Vec<_> = hosts.iter().map(host).collect();
        Some(Hosts::of(&hosts)?.0.into_values().collect())
    }

    #[test]
    fn hosts_are_named_as_shortly_as_tells_them_apart() {
        let named = |names: &[&str]| Some(names.iter().map(|&name| Some(name.to_owned())).collect::<Vec<_>>());
        assert_eq!(names(&[("a", "1"), ("a", "1")]), Some(vec![None]));
        assert_eq!(names(&[("b", "1"), ("a", "2")]), named(&["a", "b"]));
        let booted_twice = [("a", "12345678-1"), ("a", "87654321-2"), ("b", "3")];
        assert_eq!(names(&booted_twice), named(&["a (boot 12345678)", "a (boot 87654321)", "b"]));
        let alike = [("a", "12345678-1"), ("a", "12345678-2")];
        assert_eq!(names(&alike), named(&["a (boot 12345678-1)", "a (boot 12345678-2)"]));
        assert_eq!(names(&[("a", "1"), ("a", "2"), ("a (boot 1)", "3")]), None);
    }
}
