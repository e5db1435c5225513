//! The traced calls themselves.

use tracer_common::syscall::Syscall;

use super::{Hook, Place, ProbeSpec, Rung, function_of};
use crate::{model::Mechanism, options::Family};

/// What every program reads to know whose event it is.
const IDENTITY: &[&str] = &[
    "task_struct.pid",
    "task_struct.tgid",
    "task_struct.comm",
    "task_struct.start_boottime",
    "task_struct.group_leader",
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
    // One of several directions stands for its number.
    let numbers = || syscalls.iter().copied().filter(|syscall| syscall.stands_for_its_number());
    let needs = if syscalls == [Syscall::Sendfile] { IDENTITY } else { IDENTITY_AND_FILES };
    ProbeSpec {
        names: names_of(syscalls),
        rungs: vec![
            Rung { mechanism: Mechanism::Fentry, hooks: numbers().flat_map(trampolines).collect(), needs },
            Rung { mechanism: Mechanism::Tracepoint, hooks: numbers().flat_map(tracepoints).collect(), needs },
            Rung {
                mechanism: Mechanism::Kprobe,
                hooks: numbers().flat_map(breakpoints).collect(),
                needs: IDENTITY_AND_FILES,
            },
            Rung {
                mechanism: Mechanism::TpBtf,
                hooks: vec![Hook::tp_btf("sys_exit", "sys_exit"), Hook::tp_btf("sys_enter", "sys_enter")],
                needs,
            },
        ],
    }
}

fn tracepoints(syscall: Syscall) -> [Hook; 2] {
    let info = syscall.info();
    let hook = |program, direction| Hook::syscall(program, direction, info.tracepoint, info.number.into());
    // The common case has programs of its own, in which everything about the system call is a constant.
    match syscall {
        Syscall::Sendfile => [hook("sendfile_exit", "exit"), hook("sendfile_enter", "enter")],
        _ => [hook("call_exit", "exit"), hook("call_enter", "enter")],
    }
}

fn trampolines(syscall: Syscall) -> [Hook; 2] {
    let info = syscall.info();
    let function = function_of(info.tracepoint);
    let (enter, exit) = programs_at_function(syscall);
    let hook = |program, place| Hook { program, place, fired_by: Some(info.number.into()) };
    [hook(exit, Place::Exit(function.clone())), hook(enter, Place::Entry(function))]
}

/// The programs at the entry and the exit of the function: the kernel checks each against one function alone.
const fn programs_at_function(syscall: Syscall) -> (&'static str, &'static str) {
    match syscall {
        Syscall::Sendfile => ("fentry_sendfile", "fexit_sendfile"),
        Syscall::SpliceFileToPipe
        | Syscall::SpliceSocketToPipe
        | Syscall::SplicePipeToPipe
        | Syscall::SplicePipeToFile
        | Syscall::SplicePipeToSocket
        | Syscall::SpliceOther => ("fentry_splice", "fexit_splice"),
        Syscall::Tee => ("fentry_tee", "fexit_tee"),
        Syscall::VmspliceToPipe | Syscall::VmspliceToMemory => ("fentry_vmsplice", "fexit_vmsplice"),
        Syscall::CopyFileRange => ("fentry_copy_file_range", "fexit_copy_file_range"),
        Syscall::Read => ("fentry_read", "fexit_read"),
        Syscall::Pread64 => ("fentry_pread64", "fexit_pread64"),
        Syscall::Readv => ("fentry_readv", "fexit_readv"),
        Syscall::Preadv => ("fentry_preadv", "fexit_preadv"),
        Syscall::Preadv2 => ("fentry_preadv2", "fexit_preadv2"),
    }
}

/// Below classic tracepoints: while a call lasts, its return holds one of a few dozen places that the kernel has for
/// each function, up to 5.10 one a CPU, so of calls that wait in great numbers some returns go unseen
/// (Documentation/trace/kprobes.rst, `maxactive`).
fn breakpoints(syscall: Syscall) -> [Hook; 2] {
    let info = syscall.info();
    let hook = |program| Hook {
        program,
        place: Place::Breakpoint(function_of(info.tracepoint)),
        fired_by: Some(info.number.into()),
    };
    [hook("kretprobe_call"), hook("kprobe_call")]
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
