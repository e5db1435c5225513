//! The programs that tracer is compared with, a few instructions each: empty ones, and the least that can time a
//! call. They hang where tracer's hang.

use anyhow::Result;
use tracer_common::syscall::readiness;

use super::bpf::{self, Attached, Instruction, Numbers};

/// Empty programs on tracer's hooks: what any program there costs.
#[derive(Debug)]
pub struct Empty {
    _attached: Vec<Attached>,
}

impl Empty {
    pub fn attach() -> Result<Self> {
        Ok(Self { _attached: hooks(&EMPTY, &EMPTY)? })
    }
}

/// On each traced call: is it the target's, what time is it, and at the exit a sum. Empty programs elsewhere.
#[derive(Debug)]
pub struct LeastTiming {
    _attached: Vec<Attached>,
    /// When the call began, ns; the sum of the latencies, ns; the number of calls.
    numbers: Numbers<3>,
}

impl LeastTiming {
    pub fn attach(pid: u32) -> Result<Self> {
        let numbers = Numbers::new()?;
        let attached = hooks(&least_enter(pid, &numbers), &least_exit(pid, &numbers))?;
        Ok(Self { _attached: attached, numbers })
    }

    /// Calls that it has timed.
    pub fn calls(&self) -> Result<u64> {
        self.numbers.read().map(|[_, _, calls]| calls)
    }
}

/// tracer's hooks on this rung of its ladder.
fn hooks(enter: &[Instruction], exit: &[Instruction]) -> Result<Vec<Attached>> {
    let mut hooks = vec![
        bpf::on_raw_tracepoint("mm_filemap_add_to_page_cache", &EMPTY)?,
        bpf::on_raw_tracepoint("sched_switch", &EMPTY)?,
    ];
    for (_, wait) in readiness::WAITS {
        hooks.push(bpf::on_tracepoint("syscalls", &format!("sys_exit_{wait}"), &EMPTY)?);
    }
    hooks.push(bpf::on_tracepoint("syscalls", "sys_exit_sendfile64", exit)?);
    hooks.push(bpf::on_tracepoint("syscalls", "sys_enter_sendfile64", enter)?);
    Ok(hooks)
}

/// How many programs [`Empty`] and [`LeastTiming`] attach each.
pub const HOOKS: usize = readiness::WAITS.len() + 4;

/// How many programs tracer loads: one for all readiness waits, and one that lists tasks.
pub const OF_TRACER: usize = 6;

/// Helpers (`enum bpf_func_id`).
const KTIME_GET_NS: i32 = 5;
const GET_CURRENT_PID_TGID: i32 = 14;

const R0: u8 = 0;
const R1: u8 = 1;
const R2: u8 = 2;

/// Places in [`LeastTiming::numbers`].
const SINCE: i16 = 0;
const SUM: i16 = 8;
const CALLS: i16 = 16;

const EMPTY: [Instruction; 2] = [set(R0, 0), EXIT];

fn least_enter(pid: u32, numbers: &Numbers<3>) -> Vec<Instruction> {
    let work = [&[call(KTIME_GET_NS)][..], &numbers.address(R1), &[store(R1, SINCE, R0)]].concat();
    for_process(pid, &work)
}

fn least_exit(pid: u32, numbers: &Numbers<3>) -> Vec<Instruction> {
    let work = [
        &[call(KTIME_GET_NS)][..],
        &numbers.address(R1),
        &[
            load(R2, R1, SINCE),
            subtract(R0, R2),
            load(R2, R1, SUM),
            add(R2, R0),
            store(R1, SUM, R2),
            load(R2, R1, CALLS),
            add_constant(R2, 1),
            store(R1, CALLS, R2),
        ],
    ]
    .concat();
    for_process(pid, &work)
}

/// `work`, if the current process is `pid`.
fn for_process(pid: u32, work: &[Instruction]) -> Vec<Instruction> {
    let filter =
        [call(GET_CURRENT_PID_TGID), shift_right(R0, 32), skip_unless_equal(R0, pid as i32, work.len() as i16)];
    [&filter[..], work, &EMPTY].concat()
}

const fn instruction(code: u8, to: u8, from: u8, offset: i16, immediate: i32) -> Instruction {
    Instruction { code, registers: from << 4 | to, offset, immediate }
}

const EXIT: Instruction = instruction(0x95, 0, 0, 0, 0);

const fn set(to: u8, value: i32) -> Instruction {
    instruction(0xb7, to, 0, 0, value)
}

const fn call(helper: i32) -> Instruction {
    instruction(0x85, 0, 0, 0, helper)
}

const fn load(to: u8, base: u8, offset: i16) -> Instruction {
    instruction(0x79, to, base, offset, 0)
}

const fn store(base: u8, offset: i16, from: u8) -> Instruction {
    instruction(0x7b, base, from, offset, 0)
}

const fn add(to: u8, from: u8) -> Instruction {
    instruction(0x0f, to, from, 0, 0)
}

const fn add_constant(to: u8, value: i32) -> Instruction {
    instruction(0x07, to, 0, 0, value)
}

const fn subtract(to: u8, from: u8) -> Instruction {
    instruction(0x1f, to, from, 0, 0)
}

const fn shift_right(to: u8, bits: i32) -> Instruction {
    instruction(0x77, to, 0, 0, bits)
}

const fn skip_unless_equal(register: u8, value: i32, skipped: i16) -> Instruction {
    instruction(0x55, register, 0, skipped, value)
}
