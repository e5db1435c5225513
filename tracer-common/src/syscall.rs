//! The traced system calls: one entry per row of a recording's `syscalls`.

/// A traced system call. Its discriminant is its index in every per-call map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Syscall {
    /// `sendfile(2)`; on 64-bit kernels the entry point is `sendfile64`.
    Sendfile = 0,
}

/// What is said about a traced system call, the same for each of them.
#[derive(Clone, Copy, Debug)]
pub struct SyscallInfo {
    /// Name as the man page has it, and as the recording shows it.
    pub name: &'static str,
    /// The command that traces it.
    pub family: &'static str,
    /// Name of its tracepoints behind `sys_enter_` and `sys_exit_`.
    pub tracepoint: &'static str,
    /// Its number on x86-64 (`arch/x86/entry/syscalls/syscall_64.tbl`).
    pub number: u32,
}

impl Syscall {
    /// How many system calls can be traced.
    pub const COUNT: u32 = 1;

    /// All of them, in the order of their indices.
    pub const ALL: [Self; Self::COUNT as usize] = [Self::Sendfile];

    /// What is known about it.
    #[must_use]
    pub const fn info(self) -> SyscallInfo {
        match self {
            Self::Sendfile => {
                SyscallInfo { name: "sendfile", family: "sendfile", tracepoint: "sendfile64", number: 40 }
            }
        }
    }

    /// The traced system call at `index`, if there is one.
    #[must_use]
    pub const fn from_index(index: u32) -> Option<Self> {
        if index < Self::COUNT { Some(Self::ALL[index as usize]) } else { None }
    }
}

/// The readiness waits, by their numbers on x86-64: a thread that sleeps in one of them waits for its clients.
pub mod readiness {
    /// `poll(2)`.
    pub const POLL: u64 = 7;
    /// `select(2)`.
    pub const SELECT: u64 = 23;
    /// `epoll_wait(2)`.
    pub const EPOLL_WAIT: u64 = 232;
    /// `pselect(2)`.
    pub const PSELECT6: u64 = 270;
    /// `ppoll(2)`.
    pub const PPOLL: u64 = 271;
    /// `epoll_pwait(2)`.
    pub const EPOLL_PWAIT: u64 = 281;
    /// `io_uring_enter(2)`: waits for completions with `in_iowait` set on many kernels.
    pub const IO_URING_ENTER: u64 = 426;
    /// `epoll_pwait2(2)`.
    pub const EPOLL_PWAIT2: u64 = 441;

    /// Names of their tracepoints behind `sys_exit_`.
    pub const TRACEPOINTS: [&str; 8] =
        ["epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6", "io_uring_enter"];

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

/// `futex(2)` on x86-64: who sleeps in it waits for another thread.
pub const FUTEX: u64 = 202;

/// Numbers on x86-64 of the calls whose uninterruptible sleeps wait for storage even without `in_iowait`.
pub mod synchronous {
    /// `write(2)`.
    pub const WRITE: u64 = 1;
    /// `pwrite64(2)`.
    pub const PWRITE64: u64 = 18;
    /// `writev(2)`.
    pub const WRITEV: u64 = 20;
    /// `pwritev(2)`.
    pub const PWRITEV: u64 = 296;
    /// `pwritev2(2)`.
    pub const PWRITEV2: u64 = 328;
    /// `msync(2)`.
    pub const MSYNC: u64 = 26;
    /// `fsync(2)`.
    pub const FSYNC: u64 = 74;
    /// `fdatasync(2)`.
    pub const FDATASYNC: u64 = 75;
    /// `sync_file_range(2)`.
    pub const SYNC_FILE_RANGE: u64 = 277;

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
        assert!(Syscall::ALL[index] as usize == index);
        index += 1;
    }
};
