//! The traced system calls: one entry per row of a recording's `syscalls`.

pub mod flags;
pub mod numbers;

/// Declares [`Syscall`] and what is said about each of its entries.
macro_rules! syscalls {
    ($($(#[$doc:meta])* $entry:ident = $index:literal: $name:literal $number:ident $tracepoint:literal $direction:expr,)+) => {
        /// A traced system call; where its direction matters, in one direction. Its discriminant is its index in every
        /// per-call table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum Syscall {
            $($(#[$doc])* $entry = $index,)+
        }

        impl Syscall {
            /// All of them, in the order of their indices.
            pub const ALL: [Self; Self::COUNT as usize] = [$(Self::$entry),+];

            /// What is known about it.
            #[must_use]
            pub const fn info(self) -> SyscallInfo {
                match self {
                    $(Self::$entry => SyscallInfo {
                        name: $name,
                        number: numbers::$number as u32,
                        tracepoint: $tracepoint,
                        direction: $direction,
                    },)+
                }
            }

            /// The traced system call at `index`, if there is one.
            #[inline(always)]
            #[must_use]
            pub const fn from_index(index: u32) -> Option<Self> {
                match index {
                    $($index => Some(Self::$entry),)+
                    _ => None,
                }
            }
        }
    };
}

syscalls! {
    /// `sendfile(2)`; on 64-bit kernels the entry point is `sendfile64`.
    Sendfile = 0: "sendfile" SENDFILE "sendfile64" None,
    /// `splice(2)` that reads a file.
    SpliceFileToPipe = 1: "splice" SPLICE "splice" Some("file_to_pipe"),
    /// `splice(2)` that reads a socket.
    SpliceSocketToPipe = 2: "splice" SPLICE "splice" Some("socket_to_pipe"),
    /// `splice(2)` from one pipe to another.
    SplicePipeToPipe = 3: "splice" SPLICE "splice" Some("pipe_to_pipe"),
    /// `splice(2)` that writes a file.
    SplicePipeToFile = 4: "splice" SPLICE "splice" Some("pipe_to_file"),
    /// `splice(2)` that writes to a socket.
    SplicePipeToSocket = 5: "splice" SPLICE "splice" Some("pipe_to_socket"),
    /// `splice(2)` from or to anything else, such as `/dev/null`, or with a bad descriptor.
    SpliceOther = 6: "splice" SPLICE "splice" Some("other"),
    /// `tee(2)`.
    Tee = 7: "tee" TEE "tee" Some("pipe_to_pipe"),
    /// `vmsplice(2)` that maps memory into a pipe.
    VmspliceToPipe = 8: "vmsplice" VMSPLICE "vmsplice" Some("memory_to_pipe"),
    /// `vmsplice(2)` that reads a pipe, or with a bad descriptor.
    VmspliceToMemory = 9: "vmsplice" VMSPLICE "vmsplice" Some("pipe_to_memory"),
    /// `copy_file_range(2)`.
    CopyFileRange = 10: "copy_file_range" COPY_FILE_RANGE "copy_file_range" Some("file_to_file"),
    /// `read(2)`.
    Read = 11: "read" READ "read" None,
    /// `pread(2)`; the entry point is `pread64`.
    Pread64 = 12: "pread64" PREAD64 "pread64" None,
    /// `readv(2)`.
    Readv = 13: "readv" READV "readv" None,
    /// `preadv(2)`.
    Preadv = 14: "preadv" PREADV "preadv" None,
    /// `preadv2(2)`.
    Preadv2 = 15: "preadv2" PREADV2 "preadv2" None,
}

/// What is said about a traced system call, the same for each of them.
#[derive(Clone, Copy, Debug)]
pub struct SyscallInfo {
    /// Name as the man page has it, and as the recording shows it.
    pub name: &'static str,
    /// Its [number](numbers).
    pub number: u32,
    /// Name of its tracepoints behind `sys_enter_` and `sys_exit_`.
    pub tracepoint: &'static str,
    /// From what to what it moves data, where a system call has several such entries or could; `None`: it has no
    /// direction of its own.
    pub direction: Option<&'static str>,
}

impl Syscall {
    /// How many entries there are.
    pub const COUNT: u32 = 16;

    /// All that splice and its kin are.
    pub const SPLICE: &[Self] = &[
        Self::SpliceFileToPipe,
        Self::SpliceSocketToPipe,
        Self::SplicePipeToPipe,
        Self::SplicePipeToFile,
        Self::SplicePipeToSocket,
        Self::SpliceOther,
        Self::Tee,
        Self::VmspliceToPipe,
        Self::VmspliceToMemory,
        Self::CopyFileRange,
    ];

    /// The calls that read into memory.
    pub const READS: &[Self] = &[Self::Read, Self::Pread64, Self::Readv, Self::Preadv, Self::Preadv2];

    /// The entry that stands for system call `number` where its direction is not known; `None`: it is not traced.
    #[inline(always)]
    #[must_use]
    pub const fn of_number(number: u64) -> Option<Self> {
        Some(match number {
            numbers::SENDFILE => Self::Sendfile,
            numbers::SPLICE => Self::SpliceOther,
            numbers::TEE => Self::Tee,
            numbers::VMSPLICE => Self::VmspliceToMemory,
            numbers::COPY_FILE_RANGE => Self::CopyFileRange,
            numbers::READ => Self::Read,
            numbers::PREAD64 => Self::Pread64,
            numbers::READV => Self::Readv,
            numbers::PREADV => Self::Preadv,
            numbers::PREADV2 => Self::Preadv2,
            _ => return None,
        })
    }

    /// Whether this entry stands for its system call where the direction is not known.
    #[must_use]
    pub const fn stands_for_its_number(self) -> bool {
        matches!(Self::of_number(self.info().number as u64), Some(entry) if entry as u32 == self as u32)
    }

    /// Whether it is one of [`Self::READS`]: what it reads may be no file.
    #[inline(always)]
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Read | Self::Pread64 | Self::Readv | Self::Preadv | Self::Preadv2)
    }

    /// Whether it reads a file, whatever its descriptors turn out to be.
    #[inline(always)]
    #[must_use]
    pub const fn always_reads_file(self) -> bool {
        matches!(self, Self::Sendfile | Self::SpliceFileToPipe | Self::CopyFileRange)
    }
}

/// The readiness waits: a thread that sleeps in one of them waits for its clients. `io_uring_enter` waits for completions with
/// `in_iowait` set on many kernels.
pub mod readiness {
    pub use super::numbers::{EPOLL_PWAIT, EPOLL_PWAIT2, EPOLL_WAIT, IO_URING_ENTER, POLL, PPOLL, PSELECT6, SELECT};

    /// Their numbers, with the names that their tracepoints have behind `sys_exit_`.
    pub const WAITS: [(u64, &str); 8] = [
        (EPOLL_WAIT, "epoll_wait"),
        (EPOLL_PWAIT, "epoll_pwait"),
        (EPOLL_PWAIT2, "epoll_pwait2"),
        (POLL, "poll"),
        (PPOLL, "ppoll"),
        (SELECT, "select"),
        (PSELECT6, "pselect6"),
        (IO_URING_ENTER, "io_uring_enter"),
    ];

    /// By what means a thread waits for readiness.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Readiness {
        /// An epoll instance, the first argument.
        Epoll,
        /// An array of descriptors, the first argument, of the length in the second.
        Poll,
        /// Bits of descriptors, at the second argument and behind, as many as the first says.
        Select,
        /// An io_uring, the first argument.
        IoUring,
    }

    impl Readiness {
        /// Whether it takes the second argument, too, to say what is waited on.
        #[inline(always)]
        #[must_use]
        pub const fn has_two_arguments(self) -> bool {
            matches!(self, Self::Poll | Self::Select)
        }
    }

    /// The means that `number` stands for; `None`: it is no readiness wait.
    #[inline(always)]
    #[must_use]
    pub const fn kind_of(number: u64) -> Option<Readiness> {
        match number {
            EPOLL_WAIT | EPOLL_PWAIT | EPOLL_PWAIT2 => Some(Readiness::Epoll),
            POLL | PPOLL => Some(Readiness::Poll),
            SELECT | PSELECT6 => Some(Readiness::Select),
            IO_URING_ENTER => Some(Readiness::IoUring),
            _ => None,
        }
    }
}

/// `futex(2)`: who sleeps in it waits for another thread.
pub use numbers::FUTEX;

/// Calls that are about the file behind their first argument, beside the traced and the [`synchronous`] ones.
pub mod on_file {
    pub use super::numbers::{FADVISE64, FALLOCATE, FSTAT, FTRUNCATE, READAHEAD};
}

/// Calls that are about the file at a path, which need not be open.
pub mod on_path {
    use super::numbers::*;

    /// Which argument of the system call `number` is the path, or the first of two; `None`: none is.
    #[inline(always)]
    #[must_use]
    pub const fn argument(number: u64) -> Option<Argument> {
        match number {
            OPEN | STAT | LSTAT | ACCESS | TRUNCATE | RENAME | MKDIR | RMDIR | CREAT | LINK | UNLINK | READLINK
            | CHMOD | CHOWN | LCHOWN | GETXATTR | LGETXATTR | STATFS => Some(Argument::First),
            OPENAT | MKDIRAT | FCHOWNAT | NEWFSTATAT | UNLINKAT | RENAMEAT | LINKAT | READLINKAT | FCHMODAT
            | FACCESSAT | RENAMEAT2 | EXECVEAT | STATX | OPENAT2 | FACCESSAT2 => Some(Argument::Second),
            _ => None,
        }
    }

    /// An argument: behind a directory's descriptor, or the first one.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Argument {
        /// `open(2)` and the like.
        First,
        /// `openat(2)` and the like.
        Second,
    }
}

/// Calls whose uninterruptible sleeps wait for storage even without `in_iowait`.
pub mod synchronous {
    pub use super::numbers::{FDATASYNC, FSYNC, MSYNC, PWRITE64, PWRITEV, PWRITEV2, SYNC_FILE_RANGE, WRITE, WRITEV};

    /// ext4's journal commit (`jbd2_log_wait_commit`) sleeps uninterruptibly without `in_iowait`; in
    /// these calls such a sleep is a disk wait all the same.
    #[inline(always)]
    #[must_use]
    pub const fn waits_for_storage(number: u64) -> bool {
        matches!(number, MSYNC | FSYNC | FDATASYNC | SYNC_FILE_RANGE)
    }

    /// Whether `number` writes to the descriptor that is its first argument: to a file that was opened with
    /// `O_SYNC` or `O_DSYNC` it waits for the storage in the same way.
    #[inline(always)]
    #[must_use]
    pub const fn is_write(number: u64) -> bool {
        matches!(number, WRITE | PWRITE64 | WRITEV | PWRITEV | PWRITEV2)
    }
}

const _: () = {
    let mut index = 0;
    while index < Syscall::ALL.len() {
        let syscall = Syscall::ALL[index];
        assert!(syscall as usize == index);
        // Each number has an entry that stands for it.
        assert!(Syscall::of_number(syscall.info().number as u64).is_some());
        index += 1;
    }
};
