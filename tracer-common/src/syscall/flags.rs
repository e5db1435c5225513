//! Flags of open files that differ between architectures.

/// `O_DIRECT` (`include/uapi/asm-generic/fcntl.h`; `arch/arm64/include/uapi/asm/fcntl.h`).
pub const O_DIRECT: u32 =
    if cfg!(any(target_arch = "aarch64", bpf_target_arch = "aarch64")) { 0o200_000 } else { 0o40_000 };
