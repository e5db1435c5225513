//! Tells user space of a slow or disk-blocked call: who, on which file, for whom.

use aya_ebpf::{bindings::BPF_RB_NO_WAKEUP, helpers::generated::bpf_probe_read_user_str};
use tracer_common::{
    config::{CULPRIT_ALIAS, CULPRIT_PATH, CULPRIT_RECORD},
    culprit::{
        BUDGET_NS, BUDGET_RECORDS, NAME_BYTES, NAMES_FILE, NAMES_WAIT, OFFSET_UNKNOWN, PATH_BYTES, SlowCall,
        SlowCallBuffer,
    },
    records::ThreadSlot,
    stack::StackIds,
    syscall::Syscall,
};

use crate::{
    call::{Outcome, Parts},
    clock::now_ns,
    file::{self, OpenFile},
    globals::global,
    kernel::opaque,
    maps,
    path::{self, Place},
    slots, socket,
    task::Task,
    transfer,
};

/// A path takes its last name below [`PATH_BYTES`].
const LONGEST_PATH: usize = PATH_BYTES + NAME_BYTES - 1;

/// Sends a record of the call that the current thread has just made, or counts it as untold.
#[inline(always)]
pub fn tell(task: Task, thread: &ThreadSlot, parts: &Parts, outcome: &Outcome, behind: u32, stack: StackIds) {
    if global!(CONFIG.culprits) & CULPRIT_RECORD == 0 {
        return;
    }
    let Some(buffer) = maps::slow_call() else { return };
    let call = &mut buffer.call;
    call.key = thread.key;
    call.comm = task.comm();
    call.since_ns = thread.call.since_ns;
    call.latency_ns = parts.latency_ns;
    call.disk_ns = parts.disk_ns;
    call.runqueue_ns = parts.runqueue_ns;
    call.other_ns = parts.other_ns;
    call.result = outcome.result;
    call.cold_requested = outcome.cold.requested;
    call.read_ahead = outcome.cold.read_ahead;
    call.syscall = outcome.syscall as u32;
    call.disk_waits = thread.call.disk_waits;
    call.behind = behind;
    call.stack = stack;
    tell_culprit();
}

/// Adds file and peer to the record in this CPU's buffer, and sends it.
///
/// A function of its own, with global linkage and without arguments: so the verifier looks at it once, and not
/// again for each state in which a call may end.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn tell_culprit() -> u64 {
    let Some(buffer) = maps::slow_call() else { return 0 };
    if !has_budget(0) || send(buffer).is_none() {
        count_untold(&buffer.call);
    }
    0
}

#[inline(always)]
fn send(buffer: &mut SlowCallBuffer) -> Option<()> {
    let task = Task::current();
    let registers = task.registers();
    let call = &mut buffer.call;
    call.inode = 0;
    call.offset_bytes = OFFSET_UNKNOWN;
    call.device = 0;
    call.path_flags = 0;
    call.path_bytes = 0;
    call.out = 0;
    call.peer_family = 0;
    call.peer_port = 0;
    call.peer_bytes = 0;
    let syscall = Syscall::from_index(call.syscall)?;
    // What cannot be found out stays unknown; the record goes out all the same.
    let (input, output) = (transfer::input(syscall, registers), transfer::output(syscall, registers));
    if let Some(file) = output.and_then(file::behind) {
        let _ = socket::describe_output(call, file);
    }
    if call.peer_family == 0
        && let Some(file) = input.and_then(file::behind)
    {
        let _ = socket::describe_input(call, file);
    }
    if let Some(file) = input.and_then(OpenFile::of) {
        let start = transfer::start(syscall, registers).after(file.file, call.result);
        describe_file(buffer, &file, start);
    } else if let Some(file) = output.and_then(OpenFile::of) {
        describe_file(buffer, &file, None);
    }
    submit(buffer)
}

/// Writes a file into the record, and its path behind it.
#[inline(always)]
fn describe_file(buffer: &mut SlowCallBuffer, file: &OpenFile, start_bytes: Option<u64>) {
    let call = &mut buffer.call;
    call.inode = file.inode;
    call.device = file.device;
    if let Some(start_bytes) = start_bytes {
        call.offset_bytes = start_bytes;
    }
    if global!(CONFIG.culprits) & CULPRIT_PATH != 0 {
        let _ = Place::of_file(file.file).and_then(|place| path::describe(buffer, place));
    }
}

/// Tells the path of a file; whether it could be told.
#[inline(always)]
pub fn name_file(file: &OpenFile) -> bool {
    if global!(CONFIG.culprits) & CULPRIT_PATH == 0 {
        return false;
    }
    let Some(buffer) = name_buffer() else { return false };
    describe_file(buffer, file, None);
    submit(buffer).is_some()
}

/// Tells a path of the file whose pages the latest page fault of the current thread has brought in; 1: it could be told.
///
/// Global linkage: see [`slots`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn name_faulted() -> u64 {
    let Some(slots::Slot { thread, .. }) = slots::find(Task::current()) else { return 0 };
    let faults = &thread.faults;
    if faults.host == 0 || global!(CONFIG.culprits) & CULPRIT_ALIAS == 0 {
        return 0;
    }
    // In this order: a file without a name takes nothing of the budget.
    let Some(place) = Place::of_inode(faults.host) else { return 0 };
    let Some(buffer) = name_buffer() else { return 0 };
    buffer.call.inode = faults.inode;
    buffer.call.device = faults.device as u32;
    match path::describe(buffer, place).and_then(|()| submit(buffer)) {
        Some(()) => 1,
        None => 0,
    }
}

/// The same, for callers.
#[inline(always)]
pub fn name_faulted_file() -> bool {
    name_faulted() != 0
}

/// Tells the path at `path`, in the current thread's memory, which the call was given that waits for the disk from
/// `since_ns` on; whether it could be told.
#[inline(always)]
pub fn name_given(path: u64, since_ns: u64) -> bool {
    let Some(buffer) = name_buffer() else { return false };
    buffer.call.syscall = NAMES_WAIT;
    buffer.call.since_ns = since_ns;
    // SAFETY: the helper checks the address, and writes no more than it is told.
    let copied =
        unsafe { bpf_probe_read_user_str(buffer.path.as_mut_ptr().cast(), PATH_BYTES as u32, path as *const _) };
    if copied <= 0 {
        return false;
    }
    buffer.call.path_bytes = copied as u32;
    submit(buffer).is_some()
}

/// The buffer of a record that names a file, if one may be sent.
#[inline(always)]
fn name_buffer() -> Option<&'static mut SlowCallBuffer> {
    // Many files may be new at once: half of the budget is left to the records of calls.
    if !has_budget(BUDGET_RECORDS / 2) {
        return None;
    }
    let buffer = maps::slow_call()?;
    buffer.call.syscall = NAMES_FILE;
    buffer.call.key = Task::current().key();
    buffer.call.path_flags = 0;
    buffer.call.path_bytes = 0;
    Some(buffer)
}

/// Sends what stands in the buffer.
#[inline(always)]
fn submit(buffer: &SlowCallBuffer) -> Option<()> {
    let path_bytes = opaque(buffer.call.path_bytes as usize).min(LONGEST_PATH);
    let length = size_of::<SlowCall>() + path_bytes;
    // SAFETY: the path lies behind the record, and `length` is less than the whole buffer.
    let bytes = unsafe { core::slice::from_raw_parts(core::ptr::from_ref(buffer).cast::<u8>(), length) };
    maps::SLOW_CALLS.output::<[u8]>(bytes, u64::from(BPF_RB_NO_WAKEUP)).ok()
}

/// Whether this CPU may send one more record now and has `reserve` left. A flood of slow calls must not slow them
/// further.
#[inline(always)]
fn has_budget(reserve: u64) -> bool {
    let Some(budget) = maps::send_budget() else { return false };
    let now = now_ns() / BUDGET_NS;
    if budget.filled_at != now {
        budget.filled_at = now;
        budget.left = BUDGET_RECORDS;
    }
    if budget.left <= reserve {
        return false;
    }
    budget.left -= 1;
    true
}

#[inline(always)]
fn count_untold(call: &SlowCall) {
    let Some(syscall) = Syscall::from_index(call.syscall) else { return };
    let Some(untold) = maps::untold(syscall) else { return };
    untold.add_call(call);
}
