//! What tracer may do, asked before it tries, so that the answer is one clear line.

use anyhow::{Result, bail};
use procfs::process::Process;

/// Capabilities by bit number (include/uapi/linux/capability.h).
const SYS_ADMIN: (u32, &str) = (21, "CAP_SYS_ADMIN");
const PERFMON: (u32, &str) = (38, "CAP_PERFMON");
const BPF: (u32, &str) = (39, "CAP_BPF");

/// Fails unless eBPF programs can be loaded and attached.
///
/// # Errors
/// Names the capabilities that are missing.
pub fn check() -> Result<()> {
    // Where they cannot be read, the kernel's own refusal says what is wrong.
    let Ok(status) = Process::myself().and_then(|process| process.status()) else { return Ok(()) };
    let has = |(bit, _): (u32, &str)| status.capeff & (1 << bit) != 0;
    if has(SYS_ADMIN) {
        return Ok(());
    }
    let missing: Vec<_> =
        [BPF, PERFMON].into_iter().filter(|&capability| !has(capability)).map(|(_, name)| name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("cannot load eBPF programs without {}: run tracer as root, for instance through sudo", missing.join(" and "));
}
