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
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let highest = highest_cpu(&read("/sys/devices/system/cpu/possible"));
    // A container may be shown nothing of /sys, and may run on a few CPUs while its neighbours run on the others.
    let highest = highest.or_else(|| highest_column(&read("/proc/softirqs")));
    highest.map_or_else(|| host().cpus.max(1), |highest| highest + 1)
}

/// The highest number in a heading such as `CPU0 CPU1`: /proc/softirqs has a column for each possible CPU.
fn highest_column(table: &str) -> Option<u32> {
    let columns = table.lines().next()?.split_whitespace();
    columns.filter_map(|column| column.strip_prefix("CPU")?.parse().ok()).max()
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

    #[test]
    fn a_table_with_a_column_for_each_cpu_says_the_same_as_the_list() {
        assert_eq!(highest_column("                    CPU0       CPU2\n          HI:  1  1\n"), Some(2));
        assert_eq!(highest_column(""), None);
        let listed = highest_cpu(&fs::read_to_string("/sys/devices/system/cpu/possible").unwrap());
        assert_eq!(highest_column(&fs::read_to_string("/proc/softirqs").unwrap()), listed);
    }
}
