//! Numbers of system calls: the one table for all architectures.
//!
//! Sources: `arch/x86/entry/syscalls/syscall_64.tbl` and `scripts/syscall.tbl` (before 6.11
//! `include/uapi/asm-generic/unistd.h`), which arm64 uses.

/// No system call has such a number: those that an architecture lacks are here, each at a place of its own.
pub const ABSENT: u64 = 1 << 32;

/// Whether this architecture has the system call.
#[inline(always)]
#[must_use]
pub const fn exists(number: u64) -> bool {
    number < ABSENT
}

/// A constant for each system call, chosen for the architecture that this is compiled for, or that the kernel half is for.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident = x86_64: $x86_64:literal, aarch64: $aarch64:tt;)+) => {
        $(
            $(#[$doc])*
            #[cfg(not(any(target_arch = "aarch64", bpf_target_arch = "aarch64")))]
            pub const $name: u64 = $x86_64;
            $(#[$doc])*
            #[cfg(any(target_arch = "aarch64", bpf_target_arch = "aarch64"))]
            pub const $name: u64 = numbers!(@ $aarch64, $x86_64);
        )+
    };
    // What has no number here keeps apart from the others by the one that it has elsewhere.
    (@ none, $other:literal) => { ABSENT + $other };
    (@ $number:literal, $other:literal) => { $number };
}

numbers! {
    /// `sendfile(2)`; on 64-bit kernels the entry point is `sendfile64`.
    SENDFILE = x86_64: 40, aarch64: 71;
    /// `splice(2)`.
    SPLICE = x86_64: 275, aarch64: 76;
    /// `tee(2)`.
    TEE = x86_64: 276, aarch64: 77;
    /// `vmsplice(2)`.
    VMSPLICE = x86_64: 278, aarch64: 75;
    /// `copy_file_range(2)`.
    COPY_FILE_RANGE = x86_64: 326, aarch64: 285;
    /// `read(2)`.
    READ = x86_64: 0, aarch64: 63;
    /// `pread(2)`.
    PREAD64 = x86_64: 17, aarch64: 67;
    /// `readv(2)`.
    READV = x86_64: 19, aarch64: 65;
    /// `preadv(2)`.
    PREADV = x86_64: 295, aarch64: 69;
    /// `preadv2(2)`.
    PREADV2 = x86_64: 327, aarch64: 286;

    /// `poll(2)`.
    POLL = x86_64: 7, aarch64: none;
    /// `select(2)`.
    SELECT = x86_64: 23, aarch64: none;
    /// `epoll_wait(2)`.
    EPOLL_WAIT = x86_64: 232, aarch64: none;
    /// `pselect(2)`.
    PSELECT6 = x86_64: 270, aarch64: 72;
    /// `ppoll(2)`.
    PPOLL = x86_64: 271, aarch64: 73;
    /// `epoll_pwait(2)`.
    EPOLL_PWAIT = x86_64: 281, aarch64: 22;
    /// `io_uring_enter(2)`.
    IO_URING_ENTER = x86_64: 426, aarch64: 426;
    /// `epoll_pwait2(2)`.
    EPOLL_PWAIT2 = x86_64: 441, aarch64: 441;

    /// `futex(2)`.
    FUTEX = x86_64: 202, aarch64: 98;

    /// `write(2)`.
    WRITE = x86_64: 1, aarch64: 64;
    /// `pwrite(2)`.
    PWRITE64 = x86_64: 18, aarch64: 68;
    /// `writev(2)`.
    WRITEV = x86_64: 20, aarch64: 66;
    /// `pwritev(2)`.
    PWRITEV = x86_64: 296, aarch64: 70;
    /// `pwritev2(2)`.
    PWRITEV2 = x86_64: 328, aarch64: 287;
    /// `msync(2)`.
    MSYNC = x86_64: 26, aarch64: 227;
    /// `fsync(2)`.
    FSYNC = x86_64: 74, aarch64: 82;
    /// `fdatasync(2)`.
    FDATASYNC = x86_64: 75, aarch64: 83;
    /// `sync_file_range(2)`.
    SYNC_FILE_RANGE = x86_64: 277, aarch64: 84;

    /// `fstat(2)`.
    FSTAT = x86_64: 5, aarch64: 80;
    /// `ftruncate(2)`.
    FTRUNCATE = x86_64: 77, aarch64: 46;
    /// `readahead(2)`.
    READAHEAD = x86_64: 187, aarch64: 213;
    /// `posix_fadvise(2)`.
    FADVISE64 = x86_64: 221, aarch64: 223;
    /// `fallocate(2)`.
    FALLOCATE = x86_64: 285, aarch64: 47;

    /// `open(2)`.
    OPEN = x86_64: 2, aarch64: none;
    /// `stat(2)`.
    STAT = x86_64: 4, aarch64: none;
    /// `lstat(2)`.
    LSTAT = x86_64: 6, aarch64: none;
    /// `access(2)`.
    ACCESS = x86_64: 21, aarch64: none;
    /// `truncate(2)`.
    TRUNCATE = x86_64: 76, aarch64: 45;
    /// `rename(2)`.
    RENAME = x86_64: 82, aarch64: none;
    /// `mkdir(2)`.
    MKDIR = x86_64: 83, aarch64: none;
    /// `rmdir(2)`.
    RMDIR = x86_64: 84, aarch64: none;
    /// `creat(2)`.
    CREAT = x86_64: 85, aarch64: none;
    /// `link(2)`.
    LINK = x86_64: 86, aarch64: none;
    /// `unlink(2)`.
    UNLINK = x86_64: 87, aarch64: none;
    /// `readlink(2)`.
    READLINK = x86_64: 89, aarch64: none;
    /// `chmod(2)`.
    CHMOD = x86_64: 90, aarch64: none;
    /// `chown(2)`.
    CHOWN = x86_64: 92, aarch64: none;
    /// `lchown(2)`.
    LCHOWN = x86_64: 94, aarch64: none;
    /// `getxattr(2)`.
    GETXATTR = x86_64: 191, aarch64: 8;
    /// `lgetxattr(2)`.
    LGETXATTR = x86_64: 192, aarch64: 9;
    /// `statfs(2)`.
    STATFS = x86_64: 137, aarch64: 43;

    /// `openat(2)`.
    OPENAT = x86_64: 257, aarch64: 56;
    /// `mkdirat(2)`.
    MKDIRAT = x86_64: 258, aarch64: 34;
    /// `fchownat(2)`.
    FCHOWNAT = x86_64: 260, aarch64: 54;
    /// `newfstatat(2)`.
    NEWFSTATAT = x86_64: 262, aarch64: 79;
    /// `unlinkat(2)`.
    UNLINKAT = x86_64: 263, aarch64: 35;
    /// `renameat(2)`.
    RENAMEAT = x86_64: 264, aarch64: 38;
    /// `linkat(2)`.
    LINKAT = x86_64: 265, aarch64: 37;
    /// `readlinkat(2)`.
    READLINKAT = x86_64: 267, aarch64: 78;
    /// `fchmodat(2)`.
    FCHMODAT = x86_64: 268, aarch64: 53;
    /// `faccessat(2)`.
    FACCESSAT = x86_64: 269, aarch64: 48;
    /// `renameat2(2)`.
    RENAMEAT2 = x86_64: 316, aarch64: 276;
    /// `execveat(2)`.
    EXECVEAT = x86_64: 322, aarch64: 281;
    /// `statx(2)`.
    STATX = x86_64: 332, aarch64: 291;
    /// `openat2(2)`.
    OPENAT2 = x86_64: 437, aarch64: 437;
    /// `faccessat2(2)`.
    FACCESSAT2 = x86_64: 439, aarch64: 439;
}
