//! What the kernel says of its programs: how often they ran, and what they missed.

use std::os::fd::{AsRawFd as _, BorrowedFd};

/// `BPF_OBJ_GET_INFO_BY_FD` (`enum bpf_cmd`, include/uapi/linux/bpf.h).
const OBJ_GET_INFO_BY_FD: libc::c_int = 15;

/// Offset of `run_cnt` in `struct bpf_prog_info`.
const RUN_COUNT: usize = 200;

/// Offset of `recursion_misses` there.
const RECURSION_MISSES: usize = 208;

/// The part of `union bpf_attr` that `BPF_OBJ_GET_INFO_BY_FD` reads.
#[repr(C)]
struct InfoByFd {
    fd: u32,
    length: u32,
    info: u64,
}

/// Events for which the kernel skipped a program, since another one was active on the CPU. aya does not
/// expose the figure. `None` where the kernel does not tell: before 5.12, and for classic tracepoints and
/// kprobes before 6.7, which then count as 0 what they do not count.
pub fn recursion_misses(program: BorrowedFd<'_>) -> Option<u64> {
    figure(program, RECURSION_MISSES)
}

/// How often a program ran while the kernel counted that (`BPF_ENABLE_STATS`). aya does not expose it either.
pub fn runs(program: BorrowedFd<'_>) -> Option<u64> {
    figure(program, RUN_COUNT)
}

fn figure(program: BorrowedFd<'_>, offset: usize) -> Option<u64> {
    let mut info = [0u64; 32];
    let mut request =
        InfoByFd { fd: program.as_raw_fd() as u32, length: size_of_val(&info) as u32, info: info.as_mut_ptr() as u64 };
    // SAFETY: the kernel writes at most `length` bytes to `info`, which lives until after the call.
    let result = unsafe { libc::syscall(libc::SYS_bpf, OBJ_GET_INFO_BY_FD, &raw mut request, size_of::<InfoByFd>()) };
    (result == 0 && request.length as usize >= offset + 8).then(|| info[offset / 8])
}
