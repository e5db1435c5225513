//! tracer's kernel half. This file and `functions.rs` hold the entry points alone: what is hooked, and which step it is.
//!
//! A thing to observe has one step and one entry point per mechanism (rung of the ladder); user space loads
//! the cheapest one that the running kernel really lets it attach.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]
#![allow(missing_docs, reason = "the entry points' wrappers come from macros that drop the documentation")]

mod behind;
mod call;
mod cgroups;
mod clock;
mod cold;
mod culprit;
mod epoll;
mod file;
mod files;
mod folio;
mod functions;
mod globals;
mod kernel;
mod maps;
mod path;
mod pid_namespace;
mod ready;
mod repeat;
mod set;
mod slots;
mod socket;
mod stack;
mod targets;
mod task;
mod tasks;
mod transfer;
mod wait;
mod waited_file;
mod window;

use aya_ebpf::{
    macros::{btf_tracepoint, tracepoint},
    programs::{BtfTracePointContext, TracePointContext},
};
use tracer_common::syscall::readiness;

use crate::{
    folio::Folio,
    task::{Registers, Task},
};

/// A sendfile begins.
#[tracepoint]
pub fn sendfile_enter(_ctx: TracePointContext) -> u32 {
    call::enter_sendfile();
    0
}

/// A sendfile returns.
#[tracepoint]
pub fn sendfile_exit(ctx: TracePointContext) -> u32 {
    call::exit_sendfile(&ctx, call::tracepoint_result(&ctx));
    0
}

/// A traced system call begins, whichever it is.
#[tracepoint]
pub fn call_enter(ctx: TracePointContext) -> u32 {
    call::enter_any(call::tracepoint_number(&ctx));
    0
}

/// A traced system call returns.
#[tracepoint]
pub fn call_exit(ctx: TracePointContext) -> u32 {
    call::exit_any(&ctx, call::tracepoint_number(&ctx), call::tracepoint_result(&ctx));
    0
}

/// Any system call begins: the rung for kernels that withhold everything cheaper.
#[btf_tracepoint(function = "sys_enter")]
pub fn sys_enter(ctx: BtfTracePointContext) -> i32 {
    call::enter_any(ctx.arg::<u64>(1));
    0
}

/// Any system call returns.
#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(ctx: BtfTracePointContext) -> i32 {
    let registers = Registers::from_argument(ctx.arg::<*const u8>(0));
    call::exit_any(&ctx, registers.syscall_number() as u64, ctx.arg::<i64>(1));
    0
}

/// A readiness wait returns, whichever it is.
#[tracepoint]
pub fn readiness_exit(ctx: TracePointContext) -> u32 {
    ready::returned(call::tracepoint_number(&ctx), call::tracepoint_result(&ctx));
    0
}

/// Any system call returns: the rung of readiness waits for kernels that withhold everything cheaper.
#[btf_tracepoint(function = "sys_exit")]
pub fn any_readiness_exit(ctx: BtfTracePointContext) -> i32 {
    let registers = Registers::from_argument(ctx.arg::<*const u8>(0));
    let number = registers.syscall_number() as u64;
    if readiness::kind_of(number).is_some() {
        ready::returned(number, ctx.arg::<i64>(1));
    }
    0
}

/// The CPU changes hands.
#[btf_tracepoint(function = "sched_switch")]
pub fn sched_switch(ctx: BtfTracePointContext) -> i32 {
    let task = Task::from_argument(ctx.arg::<*const u8>(1));
    #[cfg(not(feature = "guarded"))]
    let state = ctx.arg::<u64>(3) as u32;
    #[cfg(feature = "guarded")]
    let state = task.state_left_in();
    let is_preempted = ctx.arg::<u64>(0) as u8 != 0;
    wait::switched_out(&ctx, task, if is_preempted { wait::PREEMPTED } else { state });
    wait::switched_in(Task::from_argument(ctx.arg::<*const u8>(2)));
    0
}

/// A folio enters the page cache.
#[btf_tracepoint(function = "mm_filemap_add_to_page_cache")]
pub fn page_cache_add(ctx: BtfTracePointContext) -> i32 {
    cold::added(&Folio::from_argument(ctx.arg::<*const u8>(0)));
    0
}

/// The same, where the typed tracepoint cannot be had.
#[tracepoint]
pub fn page_cache_add_classic(ctx: TracePointContext) -> u32 {
    cold::added(&ctx);
    0
}

/// A process or a thread has been forked.
#[btf_tracepoint(function = "sched_process_fork")]
pub fn target_forked(ctx: BtfTracePointContext) -> i32 {
    targets::forked(Task::from_argument(ctx.arg::<*const u8>(0)), Task::from_argument(ctx.arg::<*const u8>(1)));
    0
}

/// A process has called exec.
#[btf_tracepoint(function = "sched_process_exec")]
pub fn target_executed(ctx: BtfTracePointContext) -> i32 {
    targets::executed(Task::from_argument(ctx.arg::<*const u8>(0)));
    0
}

/// A thread is given another name.
#[btf_tracepoint(function = "task_rename")]
pub fn target_renamed(ctx: BtfTracePointContext) -> i32 {
    targets::renamed(Task::from_argument(ctx.arg::<*const u8>(0)), ctx.arg::<*const u8>(1));
    0
}

/// A thread ends.
#[btf_tracepoint(function = "sched_process_exit")]
pub fn target_exited(ctx: BtfTracePointContext) -> i32 {
    targets::exited(Task::from_argument(ctx.arg::<*const u8>(0)));
    0
}

/// Every task in turn, when user space asks: who is a target?
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task")]
pub fn target_processes(ctx: *const tasks::TaskIteratorContext) -> i32 {
    tasks::list_targets(ctx);
    0
}

/// Every task in turn, when user space asks: who sleeps inside a system call?
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task")]
pub fn sleeping_tasks(ctx: *const tasks::TaskIteratorContext) -> i32 {
    tasks::report(ctx);
    0
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // Never reached: the verifier refuses a program that can get here.
    loop {}
}

/// The helpers used here are for GPL-compatible programs only.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
