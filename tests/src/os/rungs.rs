//! By which mechanisms the running kernel lets system calls be traced, as its own files have it.

use std::path::Path;

/// The event source of breakpoints.
const KPROBES: &str = "/sys/bus/event_source/devices/kprobe";

/// Those by which calls can be traced, as `--mechanism` names them. A kernel that is configured for breakpoints at its
/// functions is for trampolines there, too.
pub fn of_calls() -> Vec<&'static str> {
    if Path::new(KPROBES).exists() {
        vec!["fentry", "tracepoint", "kprobe", "tp_btf"]
    } else {
        vec!["tracepoint", "tp_btf"]
    }
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
