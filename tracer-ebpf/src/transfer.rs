//! What a traced call moves from where to where, as its arguments say.

use aya_ebpf::helpers::bpf_probe_read_user;
use tracer_common::syscall::Syscall;

use crate::{
    file::{self, read},
    globals::global,
    socket::{self, mode},
    task::{Registers, Task},
};

/// Where a call begins to read.
#[derive(Clone, Copy)]
pub enum Start {
    /// At the file's own position.
    Position,
    /// At this byte.
    At(u64),
    /// Where this place in the program's memory says.
    Pointer(u64),
}

/// The descriptor that `syscall` reads; `None`: it reads memory.
#[inline(always)]
pub fn input(syscall: Syscall, registers: Registers) -> Option<u64> {
    match syscall {
        Syscall::Sendfile => Some(registers.second()),
        Syscall::VmspliceToPipe => None,
        _ => Some(registers.first()),
    }
}

/// The descriptor that `syscall` writes; `None`: it writes memory.
#[inline(always)]
pub fn output(syscall: Syscall, registers: Registers) -> Option<u64> {
    match syscall {
        Syscall::Sendfile | Syscall::VmspliceToPipe => Some(registers.first()),
        Syscall::Tee => Some(registers.second()),
        Syscall::VmspliceToMemory => None,
        _ if syscall.is_read() => None,
        _ => Some(registers.third()),
    }
}

/// Where `syscall` begins to read.
#[inline(always)]
pub fn start(syscall: Syscall, registers: Registers) -> Start {
    match syscall {
        Syscall::Sendfile => at_pointer(registers.third()),
        Syscall::Read | Syscall::Readv => Start::Position,
        Syscall::Pread64 | Syscall::Preadv => Start::At(registers.fourth()),
        // −1 stands for the file's own position (preadv2(2)).
        Syscall::Preadv2 if registers.fourth() as i64 == -1 => Start::Position,
        Syscall::Preadv2 => Start::At(registers.fourth()),
        _ => at_pointer(registers.second()),
    }
}

#[inline(always)]
fn at_pointer(pointer: u64) -> Start {
    if pointer == 0 { Start::Position } else { Start::Pointer(pointer) }
}

impl Start {
    /// The byte, while the call is in progress. What it is read from moves only when the call returns.
    #[inline(always)]
    pub fn before(self, file: u64) -> Option<u64> {
        match self {
            Self::At(start) => Some(start),
            Self::Position => read(file, global!(OFFSETS.file_pos)),
            // SAFETY: a guarded copy from user memory; a bad address is an error.
            Self::Pointer(pointer) => unsafe { bpf_probe_read_user(pointer as *const u64) }.ok(),
        }
    }

    /// The byte, once the call has returned `result`.
    #[inline(always)]
    pub fn after(self, file: u64, result: i64) -> Option<u64> {
        let moved = match self {
            Self::At(_) => 0,
            _ if result > 0 => result as u64,
            _ => 0,
        };
        self.before(file)?.checked_sub(moved)
    }
}

/// Most buffers of a vector whose lengths are added up; of a longer one any length is taken for requested.
const MOST_BUFFERS: u64 = 16;

/// How many bytes `syscall` asks for, at most.
#[inline(always)]
pub fn requested(syscall: Syscall, registers: Registers) -> u64 {
    match syscall {
        Syscall::Sendfile => registers.fourth(),
        Syscall::Read | Syscall::Pread64 => registers.third(),
        Syscall::Readv | Syscall::Preadv | Syscall::Preadv2 => buffers(registers.second(), registers.third()),
        _ => registers.fifth(),
    }
}

/// Sum of the lengths of `count` buffers (`struct iovec`) at `address`.
#[inline(always)]
fn buffers(address: u64, count: u64) -> u64 {
    if count > MOST_BUFFERS {
        return u64::MAX;
    }
    let mut bytes = 0u64;
    for index in 0..MOST_BUFFERS {
        if index >= count {
            break;
        }
        // SAFETY: a guarded copy from user memory; a bad address is an error.
        match unsafe { bpf_probe_read_user((address + index * 16 + 8) as *const u64) } {
            Ok(length) => bytes = bytes.saturating_add(length),
            Err(_) => return u64::MAX,
        }
    }
    bytes
}

/// `FMODE_WRITE` (`include/linux/fs.h`).
const WRITABLE: u32 = 2;

/// The system call `number` that `task` enters, with the direction that its descriptors give it.
#[inline(always)]
pub fn entered(task: Task, number: u64) -> Option<Syscall> {
    let syscall = Syscall::of_number(number)?;
    let registers = task.registers();
    Some(match syscall {
        Syscall::SpliceOther if !cfg!(feature = "fault-directions-mixed") => {
            // Both are looked at: a call with a bad descriptor moves nothing.
            let from = socket::mode_behind(registers.first());
            let to = socket::mode_behind(registers.third());
            match (from, to) {
                (Some(mode::PIPE), Some(mode::PIPE)) => Syscall::SplicePipeToPipe,
                (Some(mode::PIPE), Some(mode::SOCKET)) => Syscall::SplicePipeToSocket,
                (Some(mode::PIPE), Some(mode::REGULAR)) => Syscall::SplicePipeToFile,
                (Some(mode::SOCKET), Some(mode::PIPE)) => Syscall::SpliceSocketToPipe,
                (Some(mode::REGULAR), Some(mode::PIPE)) => Syscall::SpliceFileToPipe,
                _ => Syscall::SpliceOther,
            }
        }
        Syscall::VmspliceToMemory => {
            let mode: Option<u32> =
                file::behind(registers.first()).and_then(|file| read(file, global!(OFFSETS.file_mode)));
            if mode.is_some_and(|mode| mode & WRITABLE != 0) { Syscall::VmspliceToPipe } else { syscall }
        }
        known => known,
    })
}
