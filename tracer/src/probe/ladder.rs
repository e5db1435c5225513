//! The ladder: for each thing to observe, the mechanisms that can, the cheapest first.
//!
//! A new mechanism is one more rung here and one more entry point in the kernel half; the step is the same.

use tracer_common::syscall::{Syscall, readiness};

use crate::{
    model::{Mechanism, Probe},
    options::Family,
};

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

/// A program, and where it hangs.
pub struct Hook {
    /// Its name in the object.
    pub program: &'static str,
    /// Where.
    pub place: Place,
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
}

/// What every program reads to know whose event it is.
const IDENTITY: &[&str] = &[
    "task_struct.pid",
    "task_struct.tgid",
    "task_struct.comm",
    "task_struct.start_boottime",
    "task_struct.sched_info.run_delay",
    "task_struct.sched_info.last_arrival",
];

/// The same for calls whose descriptors tell what they are.
const IDENTITY_AND_FILES: &[&str] = &[
    "task_struct.pid",
    "task_struct.tgid",
    "task_struct.comm",
    "task_struct.start_boottime",
    "task_struct.sched_info.run_delay",
    "task_struct.sched_info.last_arrival",
    "task_struct.files",
    "files_struct.",
    "fdtable.",
    "file.",
    "inode.",
    "super_block.",
    "address_space.",
    "pt_regs.",
];

/// The calls of these system calls, all by the same mechanism: one that sees every system call must not count those
/// again that another one sees. An exit hangs before its entry: so no entry is without its exit.
pub fn calls(syscalls: &[Syscall]) -> ProbeSpec {
    let tracepoint = |program, direction, syscall: Syscall| Hook {
        program,
        place: Place::Tracepoint {
            category: "syscalls",
            name: format!("sys_{direction}_{}", syscall.info().tracepoint),
        },
    };
    let mut hooks = Vec::new();
    // The common case has programs of its own, in which everything about the system call is a constant.
    for &syscall in syscalls {
        let (enter, exit) = match syscall {
            Syscall::Sendfile => ("sendfile_enter", "sendfile_exit"),
            // One of several directions stands for its tracepoint.
            _ if !syscall.stands_for_its_number() => continue,
            _ => ("call_enter", "call_exit"),
        };
        hooks.push(tracepoint(exit, "exit", syscall));
        hooks.push(tracepoint(enter, "enter", syscall));
    }
    let needs = if syscalls == [Syscall::Sendfile] { IDENTITY } else { IDENTITY_AND_FILES };
    ProbeSpec {
        names: names_of(syscalls),
        rungs: vec![
            Rung { mechanism: Mechanism::Tracepoint, hooks, needs },
            Rung {
                mechanism: Mechanism::TpBtf,
                hooks: vec![
                    Hook { program: "sys_exit", place: Place::TpBtf("sys_exit") },
                    Hook { program: "sys_enter", place: Place::TpBtf("sys_enter") },
                ],
                needs,
            },
        ],
    }
}

/// What a report calls the probes of these system calls: sendfile, splice with its kin, and the reads.
fn names_of(syscalls: &[Syscall]) -> Vec<&'static str> {
    let mut names: Vec<_> = syscalls
        .iter()
        .map(|syscall| match Family::of(*syscall) {
            Family::Pagecache => "reads",
            family => family.name(),
        })
        .collect();
    names.dedup();
    names
}

/// Sleeps, and which of them wait for storage.
pub fn disk_waits() -> ProbeSpec {
    ProbeSpec {
        names: vec![Probe::DISK_WAITS],
        rungs: vec![Rung {
            mechanism: Mechanism::TpBtf,
            hooks: vec![Hook { program: "sched_switch", place: Place::TpBtf("sched_switch") }],
            needs: &["task_struct.", "cfs_rq.", "rq.", "pt_regs.", "files_struct.", "fdtable.", "file.f_flags"],
        }],
    }
}

/// Turns of event loops: returns from readiness waits.
pub fn readiness() -> ProbeSpec {
    const NEEDS: &[&str] =
        &["task_struct.pid", "task_struct.tgid", "task_struct.comm", "task_struct.start_boottime", "pt_regs."];
    let exit = |name: &str| Hook {
        program: "readiness_exit",
        place: Place::Tracepoint { category: "syscalls", name: format!("sys_exit_{name}") },
    };
    ProbeSpec {
        names: vec![Probe::READINESS],
        rungs: vec![
            Rung {
                mechanism: Mechanism::Tracepoint,
                hooks: readiness::TRACEPOINTS.into_iter().map(exit).collect(),
                needs: NEEDS,
            },
            Rung {
                mechanism: Mechanism::TpBtf,
                hooks: vec![Hook { program: "any_readiness_exit", place: Place::TpBtf("sys_exit") }],
                needs: NEEDS,
            },
        ],
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
        "folio.",
        "PG_head",
    ];
    const EVENT: &str = "mm_filemap_add_to_page_cache";
    ProbeSpec {
        names: vec![Probe::PAGE_CACHE],
        rungs: vec![
            Rung {
                mechanism: Mechanism::TpBtf,
                hooks: vec![Hook { program: "page_cache_add", place: Place::TpBtf(EVENT) }],
                needs: FILE_AND_FOLIO,
            },
            Rung {
                mechanism: Mechanism::Tracepoint,
                hooks: vec![Hook {
                    program: "page_cache_add_classic",
                    place: Place::Tracepoint { category: "filemap", name: EVENT.into() },
                }],
                needs: FILE,
            },
        ],
    }
}
