//! Whom to measure.

use clap::{ArgGroup, Args};

use crate::{
    globs::{self, Glob},
    model::{Pid, Tid},
    options::TargetOption,
};

/// Whom to measure. Several selectors: everybody that one of them names.
#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
#[group(skip)]
#[command(group = ArgGroup::new("target").required(true).multiple(true).args(["pid", "tid", "comm", "cgroup", "unit", "all"]))]
#[command(group = ArgGroup::new("awaited").multiple(true).args(["comm", "cgroup", "unit"]))]
pub struct TargetArgs {
    /// A process, with all its threads; may be given several times, as all of these
    #[arg(short, long, value_name = "PID", value_parser = parse_id, allow_hyphen_values = true)]
    pid: Vec<u32>,
    /// One thread
    #[arg(short, long, value_name = "TID", value_parser = parse_id, allow_hyphen_values = true)]
    tid: Vec<u32>,
    /// Processes by name, exact or a pattern ('ngi*', 'kafka-[0-9]'): those there are and those to come, while they have it
    #[arg(long, value_name = "NAME", value_parser = parse_comm)]
    comm: Vec<Glob>,
    /// A cgroup and those below: a path, a container's id or the beginning of one; whoever is in it, while it is
    #[arg(long, value_name = "CGROUP")]
    cgroup: Vec<String>,
    /// A unit of systemd, such as nginx or user@1000.service
    #[arg(short, long, value_name = "UNIT")]
    unit: Vec<String>,
    /// Everybody but tracer itself
    #[arg(short, long, conflicts_with_all = ["pid", "tid", "comm", "cgroup", "unit", "follow", "wait"])]
    all: bool,
    /// Children too that the target forks, and theirs, from their first call; also those that it has
    #[arg(long)]
    follow: bool,
    /// If nobody is there yet, wait until somebody is (--comm, --cgroup, --unit)
    #[arg(long, requires = "awaited")]
    wait: bool,
}

impl TargetArgs {
    /// The target that the user names.
    #[must_use]
    pub fn target(&self) -> TargetOption {
        TargetOption {
            pids: distinct(&self.pid).map(Pid).collect(),
            tids: distinct(&self.tid).map(Tid).collect(),
            comms: self.comm.clone(),
            cgroups: self.cgroup.clone(),
            units: self.unit.clone(),
            all: self.all,
            follow: self.follow,
            wait: self.wait,
            after_exec: false,
        }
    }
}

/// Each id once, in the order in which they were given.
fn distinct(ids: &[u32]) -> impl Iterator<Item = u32> + '_ {
    ids.iter().enumerate().filter(|&(index, id)| !ids[..index].contains(id)).map(|(_, &id)| id)
}

fn parse_comm(text: &str) -> Result<Glob, String> {
    let glob: Glob = text.parse()?;
    globs::compile(std::slice::from_ref(&glob)).map(|_| glob)
}

/// Ids of processes and threads end here (`PID_MAX_LIMIT` in include/linux/threads.h).
const HIGHEST_ID: u32 = 1 << 22;

fn parse_id(text: &str) -> Result<u32, String> {
    let id = text.parse().ok().filter(|id| (1..=HIGHEST_ID).contains(id));
    id.ok_or_else(|| format!("an id is a whole number from 1 to {HIGHEST_ID}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_linux_gives() {
        assert_eq!((parse_id("1"), parse_id("4194304")), (Ok(1), Ok(4_194_304)));
        for bad in ["0", "-1", "4194305", "99999999999", "1.0", "", "x"] {
            assert!(parse_id(bad).is_err(), "{bad}");
        }
    }
}
