//! Turns of event loops: returns from readiness waits.
//!
//! Not by breakpoints: a thread that waits would hold one of their few places all the time.

use tracer_common::syscall::{numbers, readiness};

use super::{Hook, Place, ProbeSpec, Rung, function_of};
use crate::model::{Mechanism, Probe};

const NEEDS: &[&str] =
    &["task_struct.pid", "task_struct.tgid", "task_struct.comm", "task_struct.start_boottime", "pt_regs."];

/// The returns of all of them.
pub fn readiness() -> ProbeSpec {
    ProbeSpec {
        names: vec![Probe::READINESS],
        rungs: vec![
            Rung { mechanism: Mechanism::Fentry, hooks: waits().map(trampoline).collect(), needs: NEEDS },
            Rung {
                mechanism: Mechanism::Tracepoint,
                hooks: waits().map(|(number, name)| Hook::syscall("readiness_exit", "exit", name, number)).collect(),
                needs: NEEDS,
            },
            Rung {
                mechanism: Mechanism::TpBtf,
                hooks: vec![Hook::tp_btf("any_readiness_exit", "sys_exit")],
                needs: NEEDS,
            },
        ],
    }
}

/// Those that this architecture has.
fn waits() -> impl Iterator<Item = (u64, &'static str)> {
    readiness::WAITS.into_iter().filter(|&(number, _)| numbers::exists(number))
}

fn trampoline((number, name): (u64, &'static str)) -> Hook {
    let program = match number {
        readiness::EPOLL_WAIT => "fexit_epoll_wait",
        readiness::EPOLL_PWAIT => "fexit_epoll_pwait",
        readiness::EPOLL_PWAIT2 => "fexit_epoll_pwait2",
        readiness::POLL => "fexit_poll",
        readiness::PPOLL => "fexit_ppoll",
        readiness::SELECT => "fexit_select",
        readiness::PSELECT6 => "fexit_pselect6",
        _ => "fexit_io_uring_enter",
    };
    Hook { program, place: Place::Exit(function_of(name)), fired_by: Some(number) }
}
