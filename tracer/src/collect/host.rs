//! The machine.

use std::fs;

use crate::model::Host;

/// This machine. What cannot be read is empty.
#[must_use]
pub fn host() -> Host {
    let names = rustix::system::uname();
    let text = |name: &std::ffi::CStr| name.to_string_lossy().into_owned();
    Host {
        hostname: text(names.nodename()),
        kernel: text(names.release()),
        arch: text(names.machine()),
        cpus: std::thread::available_parallelism().map_or(0, |cpus| cpus.get() as u32),
        boot_id: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().into(),
    }
}

/// Highest possible CPU + 1: how many entries a per-CPU array needs.
#[must_use]
pub fn possible_cpus() -> u32 {
    let text = fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
    highest_cpu(&text).map_or_else(|| host().cpus.max(1), |highest| highest + 1)
}

/// The highest number in a list such as `0-3,8`.
fn highest_cpu(list: &str) -> Option<u32> {
    list.trim().split([',', '-']).filter_map(|number| number.parse().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_cpu_of_a_list_is_found() {
        assert_eq!(highest_cpu("0\n"), Some(0));
        assert_eq!(highest_cpu("0-127\n"), Some(127));
        assert_eq!(highest_cpu("0-3,8-11"), Some(11));
        assert_eq!(highest_cpu(""), None);
    }
}
