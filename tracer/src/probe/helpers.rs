//! Which of the kernel's helpers it lets this process call, by trying: a version says little about what was brought back
//! to it, and nothing about what is locked down.

use std::os::fd::{FromRawFd as _, OwnedFd};

/// A helper of the kernel (`enum bpf_func_id`, include/uapi/linux/bpf.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helper {
    /// `bpf_probe_read_kernel`, to read where the verifier knows no types. A kernel that keeps its memory confidential
    /// (kernel_lockdown(7)) has it no more.
    ProbeReadKernel,
}

impl Helper {
    const fn number(self) -> i32 {
        match self {
            Self::ProbeReadKernel => 113,
        }
    }

    /// Whether a program that calls it is loaded.
    pub fn is_allowed(self) -> bool {
        let program = [
            // r1 = r10 - 8, r2 = 8, r3 = 0: eight bytes of the stack, eight bytes, an address. Then the call, and 0 is returned.
            instruction(0xbf, 1, 10, 0),
            instruction(0x07, 1, 0, -8),
            instruction(0xb7, 2, 0, 8),
            instruction(0xb7, 3, 0, 0),
            instruction(0x85, 0, 0, self.number()),
            instruction(0xb7, 0, 0, 0),
            instruction(0x95, 0, 0, 0),
        ];
        load(&program).is_ok()
    }
}

/// An instruction (Documentation/bpf/standardization/instruction-set.rst).
fn instruction(code: u8, to: u8, from: u8, immediate: i32) -> u64 {
    u64::from(immediate as u32) << 32 | u64::from(from << 4 | to) << 8 | u64::from(code)
}

/// `BPF_PROG_LOAD` (`enum bpf_cmd`).
const PROG_LOAD: libc::c_int = 5;

/// `BPF_PROG_TYPE_TRACEPOINT` (`enum bpf_prog_type`): loaded without saying where it hangs.
const TRACEPOINT: u32 = 5;

/// The part of `union bpf_attr` that `BPF_PROG_LOAD` needs.
#[repr(C)]
struct Load {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
}

/// Loads a program that is never attached.
fn load(program: &[u64]) -> std::io::Result<OwnedFd> {
    let request = Load {
        kind: TRACEPOINT,
        count: program.len() as u32,
        instructions: program.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
    };
    // SAFETY: the kernel reads the program and the license, which live until after the call, and returns a descriptor.
    let result = unsafe { libc::syscall(libc::SYS_bpf, PROG_LOAD, &raw const request, size_of::<Load>()) };
    if result < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: a new descriptor, which nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(result as i32) })
}
