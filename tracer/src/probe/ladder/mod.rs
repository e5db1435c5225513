//! The ladder: for each thing to observe, the mechanisms that can, the cheapest first.
//!
//! A new mechanism is one more rung here and one more entry point in the kernel half; the step is the same.

mod calls;
mod readiness;

use std::fmt;

pub use self::{calls::calls, readiness::readiness};
use super::{Preemption, TargetHooks, btf::SYSCALL_FUNCTIONS};
use crate::model::{Mechanism, Probe};

/// A thing to observe.
pub struct ProbeSpec {
    /// As the report names it; one probe may have several names, of what it observes.
    pub names: Vec<&'static str>,
    /// The ways to observe it, the cheapest first.
    pub rungs: Vec<Rung>,
}

/// One way to observe it.
pub struct Rung {
    /// Which mechanism.
    pub mechanism: Mechanism,
    /// Its programs, in the order of attaching.
    pub hooks: Vec<Hook>,
    /// Kernel members that the programs read, as in `Offsets::MEMBERS`; a trailing dot stands for all.
    pub needs: &'static [&'static str],
}

impl Rung {
    /// Names of its programs, each once: one may hang on several hooks.
    pub fn programs(&self) -> Vec<&'static str> {
        let mut programs: Vec<_> = self.hooks.iter().map(|hook| hook.program).collect();
        programs.sort_unstable();
        programs.dedup();
        programs
    }
}

/// The rungs in the order for a kernel. Where it may take the CPU from a program in a trampoline, what that adds to once per CPU may
/// be mixed up with what another one adds there meanwhile: there everything else comes first, also if the kernel does not say.
pub fn order_for(preemption: Option<Preemption>, specs: &mut [ProbeSpec]) {
    if preemption != Some(Preemption::Offered) {
        for spec in specs {
            // It leaves the others as they stand.
            spec.rungs.sort_by_key(|rung| rung.mechanism == Mechanism::Fentry);
        }
    }
}

/// A program, and where it hangs.
pub struct Hook {
    /// Its name in the object.
    pub program: &'static str,
    /// Where.
    pub place: Place,
    /// Number of a system call that makes it fire; `None`: it is not tried.
    pub fired_by: Option<u64>,
}

/// Where a program hangs.
pub enum Place {
    /// A classic tracepoint.
    Tracepoint {
        /// Its group.
        category: &'static str,
        /// Its name.
        name: String,
    },
    /// A tracepoint with typed arguments.
    TpBtf(&'static str),
    /// The beginning of a kernel function, by a trampoline.
    Entry(String),
    /// Its end.
    Exit(String),
    /// The one or the other, by a breakpoint: the program knows which.
    Breakpoint(String),
}

impl Hook {
    /// At a tracepoint with typed arguments.
    const fn tp_btf(program: &'static str, event: &'static str) -> Self {
        Self { program, place: Place::TpBtf(event), fired_by: None }
    }

    /// The kernel's function of the system call that it is about, if it is about one alone.
    pub fn function(&self) -> Option<String> {
        self.fired_by?;
        match &self.place {
            Place::Tracepoint { name, .. } => {
                let name = name.strip_prefix("sys_enter_").or_else(|| name.strip_prefix("sys_exit_"))?;
                Some(function_of(name))
            }
            Place::Entry(function) | Place::Exit(function) | Place::Breakpoint(function) => Some(function.clone()),
            Place::TpBtf(_) => None,
        }
    }

    /// At an end of a system call: `direction` is `enter` or `exit`, `name` what its tracepoints have behind that.
    fn syscall(program: &'static str, direction: &str, name: &str, number: u64) -> Self {
        let place = Place::Tracepoint { category: "syscalls", name: format!("sys_{direction}_{name}") };
        Self { program, place, fired_by: Some(number) }
    }
}

impl Place {
    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Tracepoint { name, .. } | Self::Entry(name) | Self::Exit(name) | Self::Breakpoint(name) => name,
            Self::TpBtf(name) => name,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Tracepoint { category, .. } = self {
            write!(formatter, "{category}:")?;
        }
        formatter.write_str(self.name())
    }
}

/// The kernel's function of the system call whose tracepoints have `name` behind `sys_enter_`.
pub fn function_of(name: &str) -> String {
    format!("{SYSCALL_FUNCTIONS}{name}")
}

/// Who becomes a target, and who ends; `None`: nobody does.
pub fn targets(wanted: TargetHooks) -> Option<ProbeSpec> {
    const NEEDS: &[&str] = &["task_struct.", "signal_struct."];
    let mut hooks = Vec::new();
    if wanted.processes {
        hooks.push(Hook::tp_btf("target_exited", "sched_process_exit"));
        hooks.push(Hook::tp_btf("target_executed", "sched_process_exec"));
        hooks.push(Hook::tp_btf("target_forked", "sched_process_fork"));
    }
    if wanted.names {
        hooks.push(Hook::tp_btf("target_renamed", "task_rename"));
    }
    let rung = Rung { mechanism: Mechanism::TpBtf, hooks, needs: NEEDS };
    (!rung.hooks.is_empty()).then(|| ProbeSpec { names: vec![Probe::TARGETS], rungs: vec![rung] })
}

/// Sleeps, and which of them wait for storage.
pub fn disk_waits() -> ProbeSpec {
    ProbeSpec {
        names: vec![Probe::DISK_WAITS],
        rungs: vec![Rung {
            mechanism: Mechanism::TpBtf,
            hooks: vec![Hook::tp_btf("sched_switch", "sched_switch")],
            needs: &["task_struct.", "cfs_rq.", "rq.", "pt_regs.", "files_struct.", "fdtable.", "file.f_flags"],
        }],
    }
}

/// Pages that enter the page cache.
pub fn page_cache() -> ProbeSpec {
    const FILE: &[&str] =
        &["task_struct.", "files_struct.", "fdtable.", "file.", "address_space.", "inode.", "super_block.", "pt_regs."];
    const FILE_AND_FOLIO: &[&str] = &[
        "task_struct.",
        "files_struct.",
        "fdtable.",
        "file.",
        "address_space.",
        "inode.",
        "super_block.",
        "pt_regs.",
        "folio.mapping",
        "folio.index",
        "folio.flags",
        "PG_head",
    ];
    const EVENT: &str = "mm_filemap_add_to_page_cache";
    ProbeSpec {
        names: vec![Probe::PAGE_CACHE],
        rungs: vec![
            Rung {
                mechanism: Mechanism::TpBtf,
                hooks: vec![Hook::tp_btf("page_cache_add", EVENT)],
                needs: FILE_AND_FOLIO,
            },
            Rung {
                mechanism: Mechanism::Tracepoint,
                hooks: vec![Hook {
                    program: "page_cache_add_classic",
                    place: Place::Tracepoint { category: "filemap", name: EVENT.into() },
                    fired_by: None,
                }],
                needs: FILE,
            },
        ],
    }
}
