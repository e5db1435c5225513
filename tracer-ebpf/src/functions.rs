//! Entry points at the kernel's functions of system calls: programs in their prologue and epilogue, one for each, and
//! kprobes, which may be shared. Other system calls never come by, so they pay nothing.
//!
//! A function is given the registers of its caller, as the thread entered the kernel, and returns what the system call
//! does.

use aya_ebpf::{
    macros::{fentry, fexit, kprobe, kretprobe},
    programs::{FEntryContext, FExitContext, ProbeContext, RetProbeContext},
};
use tracer_common::syscall::{Syscall, readiness};

use crate::{call, ready, task::Task};

/// The programs of a traced system call.
macro_rules! traced {
    ($($syscall:ident: $enter:ident $exit:ident,)+) => {
        $(
            /// It begins.
            #[fentry]
            pub fn $enter(_ctx: FEntryContext) -> i32 {
                call::enter_any(Syscall::$syscall.info().number as u64);
                0
            }

            /// It returns.
            #[fexit]
            pub fn $exit(ctx: FExitContext) -> i32 {
                call::exit_any(&ctx, Syscall::$syscall.info().number as u64, ctx.arg::<i64>(RESULT));
                0
            }
        )+
    };
}

/// What a function returned is behind its one argument.
const RESULT: usize = 1;

traced! {
    Sendfile: fentry_sendfile fexit_sendfile,
    SpliceOther: fentry_splice fexit_splice,
    Tee: fentry_tee fexit_tee,
    VmspliceToMemory: fentry_vmsplice fexit_vmsplice,
    CopyFileRange: fentry_copy_file_range fexit_copy_file_range,
    Read: fentry_read fexit_read,
    Pread64: fentry_pread64 fexit_pread64,
    Readv: fentry_readv fexit_readv,
    Preadv: fentry_preadv fexit_preadv,
    Preadv2: fentry_preadv2 fexit_preadv2,
}

/// The program of a readiness wait.
macro_rules! readiness_waits {
    ($($number:ident: $exit:ident,)+) => {
        $(
            /// It returns.
            #[fexit]
            pub fn $exit(ctx: FExitContext) -> i32 {
                ready::returned(readiness::$number, ctx.arg::<i64>(RESULT));
                0
            }
        )+
    };
}

readiness_waits! {
    EPOLL_WAIT: fexit_epoll_wait,
    EPOLL_PWAIT: fexit_epoll_pwait,
    EPOLL_PWAIT2: fexit_epoll_pwait2,
    POLL: fexit_poll,
    PPOLL: fexit_ppoll,
    SELECT: fexit_select,
    PSELECT6: fexit_pselect6,
    IO_URING_ENTER: fexit_io_uring_enter,
}

/// A traced system call begins, whichever it is.
#[kprobe]
pub fn kprobe_call(_ctx: ProbeContext) -> u32 {
    call::enter_any(number());
    0
}

/// A traced system call returns.
#[kretprobe]
pub fn kretprobe_call(ctx: RetProbeContext) -> u32 {
    call::exit_any(&ctx, number(), ctx.ret::<i64>());
    0
}

/// The number of the system call that the current thread is in.
#[inline(always)]
fn number() -> u64 {
    Task::current().registers().syscall_number() as u64
}
