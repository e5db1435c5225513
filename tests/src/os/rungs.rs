//! By which mechanisms the running kernel lets system calls be traced, as its own files have it.

use std::path::Path;

/// The event source of breakpoints.
const KPROBES: &str = "/sys/bus/event_source/devices/kprobe";

/// Since when there are trampolines at the kernel's functions on arm64 (`DYNAMIC_FTRACE_WITH_DIRECT_CALLS`).
const TRAMPOLINES_ON_ARM64: (u32, u32) = (6, 4);

/// Those by which calls can be traced, as `--mechanism` names them.
pub fn of_calls() -> Vec<&'static str> {
    let has_breakpoints = Path::new(KPROBES).exists();
    // A kernel that is configured for breakpoints at its functions is for trampolines there, too.
    let has_trampolines = has_breakpoints && (cfg!(not(target_arch = "aarch64")) || version() >= TRAMPOLINES_ON_ARM64);
    let all = [("fentry", has_trampolines), ("tracepoint", true), ("kprobe", has_breakpoints), ("tp_btf", true)];
    all.into_iter().filter(|(_, is_there)| *is_there).map(|(mechanism, _)| mechanism).collect()
}

/// Major and minor, of the running kernel.
fn version() -> (u32, u32) {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("/proc tells the kernel's release");
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map_while(|part| part.parse().ok());
    numbers.next().zip(numbers.next()).unwrap_or_else(|| panic!("no version: {text}"))
}

/// Those by which the returns of readiness waits can be traced.
pub fn of_turns() -> Vec<&'static str> {
    of_calls().into_iter().filter(|mechanism| *mechanism != "kprobe").collect()
}

/// The others, which must be refused.
pub fn missing() -> Vec<&'static str> {
    let those = of_calls();
    ["fentry", "kprobe"].into_iter().filter(|mechanism| !those.contains(mechanism)).collect()
}
