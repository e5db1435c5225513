//! Whom the kernel half takes for a target: what it is told before it loads, and the walk through all tasks that finds
//! those that are there already.

use std::io::Read as _;

use anyhow::{Context as _, Result, anyhow, ensure};
use aya::{
    Ebpf,
    maps::{Array, HashMap, MapData, RingBuf},
    programs::Iter,
};
use tracer_common::{
    config::Config,
    globs::GlobTable,
    targets::{
        A_THREAD, AFTER_EXEC, CGROUPS, Cgroup, EVERYBODY, EXPECTED, FOLLOW, GIVEN, IN_CGROUP, LISTED, THREADS,
        TargetCounts, TargetEntry, TargetRecord,
    },
};

use super::{Listing, Session, btf::Btf, offsets::Layout, rung::Programs};

/// Whom to observe.
pub enum TargetFilter {
    /// One process.
    Process(u32),
    /// One thread.
    Thread {
        /// Its process.
        pid: u32,
        /// Itself.
        tid: u32,
    },
    /// More, or some that are not known yet.
    Several {
        /// Everybody but tracer.
        everybody: bool,
        /// Children of targets too.
        follow: bool,
        /// Those that are known by id.
        expected: Vec<ExpectedTarget>,
        /// Automata for their names.
        tables: Vec<GlobTable>,
        /// Their cgroups.
        cgroups: Vec<WatchedCgroup>,
    },
}

/// A cgroup whose members are observed.
pub struct WatchedCgroup {
    /// Its id.
    pub id: u64,
    /// The kernel's name for a controller of its hierarchy (`include/linux/cgroup_subsys.h`); `None`: that of version 2.
    pub controller: Option<&'static str>,
    /// Its directory, for people.
    pub directory: String,
}

/// A process or thread that is known by id.
pub struct ExpectedTarget {
    /// Its id.
    pub id: u32,
    /// CLOCK_BOOTTIME at its start, to a clock tick, ns.
    pub start_boottime_ns: u64,
    /// Whether this one thread alone is meant.
    pub is_thread: bool,
    /// Whether it counts only once it has called exec.
    pub after_exec: bool,
}

/// What watches who comes and goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetHooks {
    /// Forks, execs and ends.
    pub processes: bool,
    /// New names.
    pub names: bool,
}

/// Most passes through all tasks: each finds the children of those that the one before has found.
const PASSES: usize = 64;

/// The program that walks through them.
pub const WALK: &str = "target_processes";

impl TargetFilter {
    /// Writes it into `config`.
    ///
    /// # Errors
    /// If this kernel does not let it be told.
    pub fn fill(&self, config: &mut Config, types: &Btf, layout: &Layout) -> Result<()> {
        match self {
            Self::Process(pid) => config.target_pid = *pid,
            Self::Thread { pid, tid } => (config.target_pid, config.target_tid) = (*pid, *tid),
            Self::Several { everybody, follow, expected, cgroups, .. } => {
                let all = [
                    (self.is_listed(), LISTED),
                    (!cgroups.is_empty(), IN_CGROUP),
                    (*everybody, EVERYBODY),
                    (expected.iter().any(|target| target.is_thread), THREADS),
                    (*follow, FOLLOW),
                ];
                config.targets = all.iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, bit)| bit).sum();
                config.tracer_pid = std::process::id();
                config.glob_tables = self.glob_tables();
                ensure!(cgroups.len() <= CGROUPS, "cannot measure more than {CGROUPS} cgroups at once");
                config.cgroup_count = cgroups.len() as u32;
                for (entry, cgroup) in config.cgroups.iter_mut().zip(cgroups) {
                    *entry = place_of(cgroup, types, layout)?;
                }
            }
        }
        Ok(())
    }

    /// Whether the kernel half keeps a map of targets.
    pub fn is_listed(&self) -> bool {
        match self {
            Self::Several { follow, expected, tables, .. } => *follow || !expected.is_empty() || !tables.is_empty(),
            _ => false,
        }
    }

    /// How many automata for names there are.
    pub fn glob_tables(&self) -> u32 {
        match self {
            Self::Several { tables, .. } => tables.len() as u32,
            _ => 0,
        }
    }

    /// What must be hooked to keep it.
    pub fn hooks(&self) -> TargetHooks {
        match self {
            Self::Several { follow, tables, .. } => {
                TargetHooks { processes: *follow || !tables.is_empty(), names: !tables.is_empty() }
            }
            _ => TargetHooks { processes: false, names: false },
        }
    }

    /// Writes what is known already into the maps.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn write(&self, ebpf: &mut Ebpf) -> Result<()> {
        let Self::Several { expected, tables, .. } = self else { return Ok(()) };
        let globs = ebpf.map_mut("GLOBS").context("the object has no map GLOBS")?;
        let mut globs = Array::<_, [u8; size_of::<GlobTable>()]>::try_from(globs)?;
        for (index, table) in tables.iter().enumerate() {
            let bytes: [u8; size_of::<GlobTable>()] = bytemuck::cast(*table);
            globs.set(index as u32, bytes, 0).context("cannot hand over the names")?;
        }
        let targets = ebpf.map_mut("TARGETS").context("the object has no map TARGETS")?;
        let mut targets = HashMap::<_, u32, [u8; size_of::<TargetEntry>()]>::try_from(targets)?;
        for target in expected {
            let entry = TargetEntry {
                start_boottime_ns: target.start_boottime_ns,
                joined_ns: 0,
                reasons: match (target.is_thread, target.after_exec) {
                    (true, _) => A_THREAD,
                    (false, false) => GIVEN,
                    (false, true) => GIVEN | AFTER_EXEC,
                },
                state: EXPECTED,
            };
            let bytes: [u8; size_of::<TargetEntry>()] = bytemuck::cast(entry);
            targets.insert(target.id, bytes, 0).context("cannot hand over the targets' ids")?;
        }
        Ok(())
    }
}

/// How the kernel half finds a task's cgroup in the hierarchy of `cgroup`.
fn place_of(cgroup: &WatchedCgroup, types: &Btf, layout: &Layout) -> Result<Cgroup> {
    let unknown =
        |member: &str| anyhow!("cannot measure the cgroup {}: this kernel's BTF has no {member}", cgroup.directory);
    let needs = ["task_struct.cgroups", "css_set.", "cgroup_subsys_state.", "cgroup.", "kernfs_node."];
    if let Some(member) = layout.lacks(&needs) {
        return Err(unknown(member));
    }
    let Some(controller) = cgroup.controller else {
        return Ok(Cgroup { id: cgroup.id, place: layout.offsets.css_set_v2, through_subsystem: 0 });
    };
    let name = format!("{controller}_cgrp_id");
    let index = types.enumerator(&name).ok_or_else(|| unknown(&name))?;
    let place = layout.offsets.css_set_subsystems + POINTER_BYTES * index;
    Ok(Cgroup { id: cgroup.id, place, through_subsystem: 1 })
}

/// Size of a pointer in the kernel.
const POINTER_BYTES: u32 = 8;

impl Session {
    /// Makes those targets that are there already and are to be some, and lists all processes that are targets now.
    ///
    /// # Errors
    /// If the kernel has no task iterator.
    pub fn targets(&mut self, counts: impl Fn() -> TargetCounts) -> Result<Vec<TargetRecord>> {
        let mut joined = counts().joined;
        for _ in 0..PASSES {
            let records = self.walk()?;
            let now = counts().joined;
            if now == joined {
                return Ok(records);
            }
            joined = now;
        }
        // New ones come faster than one can walk: the hooks follow those.
        self.walk()
    }

    fn walk(&mut self) -> Result<Vec<TargetRecord>> {
        let program: &mut Iter = self.ebpf.program_mut(WALK).context("the object has no walk")?.try_into()?;
        let cannot = "cannot look for the targets among all tasks";
        let link = program.attach().context(cannot)?;
        let mut bytes = Vec::new();
        program.take_link(link)?.into_file().context(cannot)?.read_to_end(&mut bytes).context(cannot)?;
        Ok(bytes.chunks_exact(size_of::<TargetRecord>()).map(bytemuck::pod_read_unaligned).collect())
    }

    /// Records of who becomes a target; `None`: nobody does, or nobody sees it.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn target_records(&mut self) -> Result<Option<RingBuf<MapData>>> {
        if self.targets != Listing::WalkAndRecords {
            return Ok(None);
        }
        let map = self.ebpf.take_map("TARGET_RECORDS").context("the object has no ring buffer TARGET_RECORDS")?;
        Ok(Some(RingBuf::try_from(map).context("cannot read the records of targets")?))
    }
}

/// Loads the walk through all tasks, where `filter` needs it.
///
/// # Errors
/// If the kernel has no task iterator.
pub fn load_walk(programs: &mut impl Programs, btf: &aya::Btf, filter: &TargetFilter) -> Result<()> {
    if let TargetFilter::Several { .. } = filter {
        let program: &mut Iter = programs.named(WALK).context("the object has no walk")?.try_into()?;
        program.load("task", btf).context("cannot look for the targets among all tasks")?;
    }
    Ok(())
}
