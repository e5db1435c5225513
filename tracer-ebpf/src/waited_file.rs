//! On which file an event loop waits for the disk, as the arguments of its system call say. On rare paths only.

use tracer_common::{
    config::CULPRIT_RECORD,
    culprit::OFFSET_UNKNOWN,
    records::ThreadSlot,
    syscall::{
        Syscall, on_file,
        on_path::{self, Argument},
        synchronous,
    },
    turns::{BY_PATH, TurnWait, Turns},
};

use crate::{
    culprit,
    file::OpenFile,
    files,
    globals::global,
    slots::{self, Slot},
    task::{PAGE_FAULT, Registers, Task},
    transfer::{self, Start},
};

/// Notes what the current thread waits for from now on, if it is in a turn.
#[inline(always)]
pub fn note(thread: &ThreadSlot) {
    if thread.turns.since_ns != 0 {
        note_wait();
    }
}

/// Global linkage: see [`slots`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn note_wait() -> u64 {
    let task = Task::current();
    let Some(Slot { thread, .. }) = slots::find(task) else { return 0 };
    let number = thread.off_cpu.syscall_number;
    let turns = &mut thread.turns;
    turns.latest = TurnWait { wait_ns: 0, inode: 0, offset_bytes: OFFSET_UNKNOWN, device: 0, number };
    if global!(CONFIG.culprits) & CULPRIT_RECORD == 0 {
        return 0;
    }
    if number == PAGE_FAULT {
        if files::is_in_latest_fault(task, &thread.faults) {
            let faults = &thread.faults;
            note_file(turns, faults.inode, faults.device as u32, culprit::name_faulted_file);
        }
        return 0;
    }
    if let Some(argument) = on_path::argument(number as u64) {
        let registers = task.registers();
        let path = if argument == Argument::First { registers.first() } else { registers.second() };
        if culprit::name_given(path, thread.off_cpu.since_ns) {
            turns.latest.inode = thread.off_cpu.since_ns;
            turns.latest.device = BY_PATH;
        }
        return 0;
    }
    let Some((file, start)) = file_of(task, number as u64) else { return 0 };
    note_file(turns, file.inode, file.device, || culprit::name_file(&file));
    if let Some(start_bytes) = start.and_then(|start| start.before(file.file)) {
        turns.latest.offset_bytes = start_bytes;
    }
    0
}

/// Notes the file that is waited for, and lets `name` tell what it is called, unless that was told last. Where in it the pages
/// of a fault lie is not known.
#[inline(always)]
fn note_file(turns: &mut Turns, inode: u64, device: u32, name: impl FnOnce() -> bool) {
    turns.latest.inode = inode;
    turns.latest.device = device;
    let is_named = turns.named_inode == inode && turns.named_device == device;
    if !is_named && name() {
        turns.named_inode = inode;
        turns.named_device = device;
    }
}

/// The file that the system call `number` is about, and where it begins to read or write.
#[inline(always)]
fn file_of(task: Task, number: u64) -> Option<(OpenFile, Option<Start>)> {
    let registers = task.registers();
    if let Some(syscall) = Syscall::of_number(number) {
        let (input, output) = (transfer::input(syscall, registers), transfer::output(syscall, registers));
        if let Some(file) = input.and_then(OpenFile::of) {
            return Some((file, Some(transfer::start(syscall, registers))));
        }
        return Some((OpenFile::of(output?)?, None));
    }
    let start = start_of_write(number, registers);
    let is_on_file = start.is_some()
        || synchronous::waits_for_storage(number) && number != synchronous::MSYNC
        || matches!(
            number,
            on_file::FSTAT | on_file::FTRUNCATE | on_file::READAHEAD | on_file::FADVISE64 | on_file::FALLOCATE
        );
    if !is_on_file {
        return None;
    }
    Some((OpenFile::of(registers.first())?, start))
}

/// Where the write `number` begins; `None`: it is none.
#[inline(always)]
fn start_of_write(number: u64, registers: Registers) -> Option<Start> {
    match number {
        synchronous::WRITE | synchronous::WRITEV => Some(Start::Position),
        synchronous::PWRITE64 | synchronous::PWRITEV => Some(Start::At(registers.fourth())),
        // −1 stands for the file's own position (pwritev2(2)).
        synchronous::PWRITEV2 if registers.fourth() as i64 == -1 => Some(Start::Position),
        synchronous::PWRITEV2 => Some(Start::At(registers.fourth())),
        _ => None,
    }
}
