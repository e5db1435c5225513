//! On which file an event loop waits for the disk, as the arguments of its system call say. On rare paths only.

use tracer_common::{
    config::CULPRIT_RECORD,
    culprit::OFFSET_UNKNOWN,
    records::ThreadSlot,
    syscall::{Syscall, on_file, synchronous},
    turns::TurnWait,
};

use crate::{
    culprit,
    file::OpenFile,
    globals::global,
    slots::{self, Slot},
    task::{Registers, Task},
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
    let Some((file, start)) = file_of(task, number as u64) else { return 0 };
    turns.latest.inode = file.inode;
    turns.latest.device = file.device;
    if let Some(start_bytes) = start.and_then(|start| start.before(file.file)) {
        turns.latest.offset_bytes = start_bytes;
    }
    let is_named = turns.named_inode == file.inode && turns.named_device == file.device;
    if !is_named && culprit::name_file(&file) {
        turns.named_inode = file.inode;
        turns.named_device = file.device;
    }
    0
}

/// The file that the system call `number` is about, and where it begins to read or write.
#[inline(always)]
fn file_of(task: Task, number: u64) -> Option<(OpenFile, Option<Start>)> {
    let registers = task.registers();
    if let Some(syscall) = Syscall::of_number(number) {
        let (input, output) = (transfer::input(syscall, registers), transfer::output(syscall, registers));
        if let Some(file) = input.and_then(|descriptor| OpenFile::of(task, descriptor)) {
            return Some((file, Some(transfer::start(syscall, registers))));
        }
        return Some((OpenFile::of(task, output?)?, None));
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
    Some((OpenFile::of(task, registers.first())?, start))
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
