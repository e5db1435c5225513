//! The maps, and the one place that turns their entries into references.
//!
//! All but the ring buffers, `CLAIMS`, `DROPPED`, `TARGETS` and those of stacks are arrays that user space reads
//! through its own mapping (`BPF_F_MMAPABLE`); their sizes are set at load.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    helpers::generated::bpf_get_smp_processor_id,
    macros::map,
    maps::{Array, HashMap, RingBuf, StackTrace},
};
use tracer_common::{
    config::WALKERS,
    culprit::{CallSums, SendBudget, SlowCallBuffer},
    files::FileStats,
    globs::GlobTable,
    records::{
        Breakdown, CallStats, Clocks, CpuHistogram, ErrorCounts, Losses, ThreadKey, ThreadSlot, Window, per_cpu,
    },
    stack::{StackKey, StackState, StackSums},
    syscall::Syscall,
    targets::{TargetCounts, TargetEntry},
    turns::TurnStats,
};

use crate::{
    behind::Connections,
    epoll::Walk,
    globals::{self, global},
    set::Found,
};

/// The gate.
#[map]
static WINDOW: Array<Window> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// One slot per thread, at `tid & mask` or a little behind.
#[map]
static THREADS: Array<ThreadSlot> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Per slot: not 0 once it is taken. Much smaller than the slots, so user space need not look at those that are free.
#[map]
static TAKEN: Array<u64> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Records of calls, one per thread and traced system call.
#[map]
static CALLS: Array<CallStats> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Per thread that waits for readiness, as many as there is room for.
#[map]
static TURNS: Array<TurnStats> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Per file that is read, where files are told apart; the last entry is for what finds no room.
#[map]
static FILES: Array<FileStats> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Per CPU, traced system call and breakdown.
#[map]
static BREAKDOWNS: Array<CpuHistogram> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Per CPU and traced system call.
#[map]
static ERRORS: Array<ErrorCounts> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Per CPU.
#[map]
static LOSSES: Array<Losses> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Per CPU.
#[map]
static CLOCKS: Array<Clocks> = Array::with_max_entries(1, 0);

/// Per CPU: a record on its way.
#[map]
static SLOW_CALL: Array<SlowCallBuffer> = Array::with_max_entries(1, 0);

/// Per CPU: how many more records it may send.
#[map]
static SEND_BUDGETS: Array<SendBudget> = Array::with_max_entries(1, 0);

/// Per CPU and [`Walker`]: where a walk through what an epoll instance watches is.
#[map]
static WALKS: Array<Walk> = Array::with_max_entries(1, 0);

/// Per CPU: what a look at what a thread waits on finds.
#[map]
static FOUND: Array<Found> = Array::with_max_entries(1, 0);

/// Per CPU: what a look at who waits behind a call finds.
#[map]
static CONNECTIONS: Array<Connections> = Array::with_max_entries(1, 0);

/// Per CPU and traced system call: what no record tells of.
#[map]
static UNTOLD: Array<CallSums> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Records of slow and disk-blocked calls. 1 MiB: user space looks ten times a second.
#[map]
pub static SLOW_CALLS: RingBuf = RingBuf::with_byte_size(1 << 20, 0);

/// Stacks, by the id that they have here.
#[map]
pub static STACKS: StackTrace = StackTrace::with_max_entries(1, 0);

/// Those that found their place in `STACKS` taken by another one.
#[map]
pub static MORE_STACKS: StackTrace = StackTrace::with_max_entries(1, 0);

/// Per slot: what is known of its thread's stacks. One entry where stacks are not wanted.
#[map]
static STACK_STATES: Array<StackState> = Array::with_max_entries(1, 0);

/// The disk waits by thread, system call and stack.
#[map]
pub static STACK_SUMS: HashMap<StackKey, StackSums> = HashMap::with_max_entries(1, 0);

/// Which slots, records and files are taken. Inserting with BPF_NOEXIST is the one atomic step of taking a slot (a
/// compare-and-exchange would need 5.12).
#[map]
pub static CLAIMS: HashMap<u32, u32> = HashMap::with_max_entries(1, 0);

/// Threads that found no slot, so that each is counted once.
#[map]
pub static DROPPED: HashMap<ThreadKey, u32> = HashMap::with_max_entries(16384, 0);

/// Who is a target, by id.
#[map]
pub static TARGETS: HashMap<u32, TargetEntry> = HashMap::with_max_entries(1, 0);

/// Who became a target, and what it is called. 512 KiB, where there is a map of targets: user space looks ten times a
/// second.
#[map]
static TARGET_RECORDS: RingBuf = RingBuf::with_byte_size(1 << 12, 0);

/// How often targets came and went: a row for the walk through all tasks, and one for each CPU.
#[map]
static TARGET_COUNTS: Array<TargetCounts> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Automata for the names of targets.
#[map]
static GLOBS: Array<GlobTable> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// An entry of a map as a reference.
#[inline(always)]
fn entry<T>(map: &Array<T>, index: u32) -> Option<&'static mut T> {
    // SAFETY: the pointer is to a live value of the map, which is never freed while a program runs. A slot
    // is written by its thread alone (or by the context switch that moves it, when the thread itself does
    // not run), a per-CPU entry by its CPU alone; user space only reads, and writes `WINDOW` alone.
    map.get_ptr_mut(index).map(|value| unsafe { &mut *value })
}

/// The gate.
#[inline(always)]
pub fn window() -> Option<&'static Window> {
    entry(&WINDOW, 0).map(|window| &*window)
}

/// The gate, to be opened from here.
#[inline(always)]
pub fn window_mut() -> Option<&'static mut Window> {
    entry(&WINDOW, 0)
}

/// The target with this id.
#[inline(always)]
pub fn target(id: u32) -> Option<&'static TargetEntry> {
    target_mut(id).map(|entry| &*entry)
}

/// The same, to be changed.
#[inline(always)]
pub fn target_mut(id: u32) -> Option<&'static mut TargetEntry> {
    // SAFETY: the memory of an entry stays the map's. If it is given to another id meanwhile, the start tells.
    TARGETS.get_ptr_mut(id).map(|entry| unsafe { &mut *entry })
}

/// A row of the targets' coming and going.
#[inline(always)]
pub fn target_counts(row: u32) -> Option<&'static mut TargetCounts> {
    entry(&TARGET_COUNTS, row)
}

/// Where records of targets go.
#[inline(always)]
pub fn target_records() -> *mut core::ffi::c_void {
    (&raw const TARGET_RECORDS).cast_mut().cast()
}

/// An automaton for names.
#[inline(always)]
pub fn glob_table(index: u32) -> Option<&'static GlobTable> {
    entry(&GLOBS, index).map(|table| &*table)
}

/// Says that a slot is taken.
#[inline(always)]
pub fn mark_taken(slot: u32) {
    if let Some(taken) = entry(&TAKEN, slot) {
        *taken = 1;
    }
}

/// A thread's slot.
#[inline(always)]
pub fn thread(slot: u32) -> Option<&'static mut ThreadSlot> {
    entry(&THREADS, slot)
}

/// A record of calls.
#[inline(always)]
pub fn calls(index: u32) -> Option<&'static mut CallStats> {
    entry(&CALLS, index)
}

/// A file.
#[inline(always)]
pub fn file(index: u32) -> Option<&'static mut FileStats> {
    entry(&FILES, index)
}

/// What is known of the stacks of the thread at `slot`.
#[inline(always)]
pub fn stack_state(slot: u32) -> Option<&'static mut StackState> {
    entry(&STACK_STATES, slot)
}

/// The disk waits with this key, if there was one.
#[inline(always)]
pub fn stack_sums(key: &StackKey) -> Option<&'static mut StackSums> {
    // SAFETY: as in [`entry`]; nothing is ever deleted from the map.
    STACK_SUMS.get_ptr_mut(key).map(|value| unsafe { &mut *value })
}

/// This CPU's clocks.
#[inline(always)]
pub fn clocks() -> Option<&'static mut Clocks> {
    entry(&CLOCKS, cpu())
}

/// A record of turns.
#[inline(always)]
pub fn turns(index: u32) -> Option<&'static mut TurnStats> {
    entry(&TURNS, index)
}

/// Who walks. A program may interrupt another one, but never itself: so each has its own place.
#[derive(Clone, Copy)]
pub enum Walker {
    /// What counts connections behind a disk-blocked call.
    Behind = 0,
    /// What looks at what a thread waits on.
    Set = 1,
}

/// This CPU's walk.
#[inline(always)]
pub fn walk(walker: Walker) -> Option<&'static mut Walk> {
    entry(&WALKS, cpu() * WALKERS + walker as u32)
}

/// What this CPU's look at a set finds.
#[inline(always)]
pub fn found() -> Option<&'static mut Found> {
    entry(&FOUND, cpu())
}

/// What this CPU's look behind a call finds.
#[inline(always)]
pub fn connections() -> Option<&'static mut Connections> {
    entry(&CONNECTIONS, cpu())
}

/// This CPU's histogram of `breakdown`.
#[inline(always)]
pub fn breakdown(breakdown: Breakdown, syscall: Syscall) -> Option<&'static mut CpuHistogram> {
    entry(&BREAKDOWNS, breakdown.index(cpu_row(syscall)))
}

/// This CPU's errors of `syscall`.
#[inline(always)]
pub fn errors(syscall: Syscall) -> Option<&'static mut ErrorCounts> {
    entry(&ERRORS, cpu_row(syscall))
}

/// This CPU's record on its way.
#[inline(always)]
pub fn slow_call() -> Option<&'static mut SlowCallBuffer> {
    entry(&SLOW_CALL, cpu())
}

/// This CPU's budget of records.
#[inline(always)]
pub fn send_budget() -> Option<&'static mut SendBudget> {
    entry(&SEND_BUDGETS, cpu())
}

/// What this CPU could not tell of `syscall`.
#[inline(always)]
pub fn untold(syscall: Syscall) -> Option<&'static mut CallSums> {
    entry(&UNTOLD, cpu_row(syscall))
}

/// This CPU's losses.
#[inline(always)]
pub fn losses() -> Option<&'static mut Losses> {
    entry(&LOSSES, cpu())
}

/// Index of this CPU's entry for `syscall`.
#[inline(always)]
fn cpu_row(syscall: Syscall) -> u32 {
    per_cpu(cpu(), globals::row_of(syscall), global!(CONFIG.rows))
}

/// This CPU.
#[inline(always)]
pub fn cpu() -> u32 {
    // SAFETY: takes no argument and cannot fail.
    unsafe { bpf_get_smp_processor_id() }
}
