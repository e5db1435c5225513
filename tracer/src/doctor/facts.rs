//! Facts about this host that decide what tracer can do, read from where the kernel shows them. What cannot be read is
//! `None`, and never guessed.

use std::{fs, path::Path, str::FromStr};

use procfs::process::Process;
use rustix::{system::uname, thread::CapabilitySet};

use crate::probe::{self, KernelConfig, Lockdown, Preemption};

/// The facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Bytes of `/sys/kernel/btf/vmlinux`.
    pub btf_bytes: Option<u64>,
    /// `/sys/kernel/security/lockdown`.
    pub lockdown: Option<Lockdown>,
    /// `CapEff` of `/proc/self/status`.
    pub capabilities: Option<CapabilitySet>,
    /// `Seccomp` there: 2 is a filter.
    pub seccomp: Option<u32>,
    /// Whether a hierarchy of cgroup version 1 is mounted, and one of version 2.
    pub cgroups: Option<(bool, bool)>,
    /// Where tracefs can be seen.
    pub tracefs: Tracefs,
    /// `kernel.unprivileged_bpf_disabled`
    pub unprivileged_bpf_disabled: Option<i64>,
    /// `net.core.bpf_jit_enable`
    pub bpf_jit_enable: Option<i64>,
    /// `kernel.perf_event_paranoid`
    pub perf_event_paranoid: Option<i64>,
    /// `kernel.perf_event_max_stack`
    pub perf_event_max_stack: Option<i64>,
    /// `kernel.kptr_restrict`
    pub kptr_restrict: Option<i64>,
    /// RLIMIT_MEMLOCK, bytes; `None` in it: no limit.
    pub memlock: Option<Option<u64>>,
    /// Major and minor version of the kernel.
    pub version: Option<(u32, u32)>,
    /// Inode of the pid namespace, if it is not the first one.
    pub pid_namespace: Option<u64>,
    /// Whether there is an event source of breakpoints at functions.
    pub has_kprobe_events: bool,
    /// Where the kernel may be interrupted by another thread.
    pub preemption: Option<Preemption>,
    /// The kernel's configuration.
    pub config: Option<KernelConfig>,
}

/// Where tracefs can be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tracefs {
    /// Here.
    At(String),
    /// Here, but this process may not look into it.
    Closed(String),
    /// Nowhere.
    #[default]
    NotMounted,
}

impl Facts {
    /// Those of this host and this process.
    #[must_use]
    pub fn read() -> Self {
        let release = uname().release().to_string_lossy().into_owned();
        let status = Process::myself().and_then(|process| process.status()).ok();
        Self {
            btf_bytes: fs::metadata(probe::VMLINUX).ok().map(|metadata| metadata.len()),
            lockdown: Lockdown::of_running_kernel(),
            capabilities: status.as_ref().map(|status| CapabilitySet::from_bits_retain(status.capeff)),
            seccomp: status.as_ref().and_then(|status| status.seccomp),
            cgroups: cgroups(),
            tracefs: tracefs(),
            unprivileged_bpf_disabled: number("/proc/sys/kernel/unprivileged_bpf_disabled"),
            bpf_jit_enable: number("/proc/sys/net/core/bpf_jit_enable"),
            perf_event_paranoid: number("/proc/sys/kernel/perf_event_paranoid"),
            perf_event_max_stack: number("/proc/sys/kernel/perf_event_max_stack"),
            kptr_restrict: number("/proc/sys/kernel/kptr_restrict"),
            memlock: Some(rustix::process::getrlimit(rustix::process::Resource::Memlock).current),
            version: version_of(&release),
            pid_namespace: probe::pid_namespace().ok().flatten(),
            has_kprobe_events: Path::new("/sys/bus/event_source/devices/kprobe").exists(),
            preemption: Preemption::of_running_kernel(),
            config: KernelConfig::read(&release),
        }
    }
}

fn number<T: FromStr>(path: &str) -> Option<T> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Such as `6.1.0-50-cloud-amd64`.
fn version_of(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn cgroups() -> Option<(bool, bool)> {
    let mounts = Process::myself().and_then(|process| process.mountinfo()).ok()?;
    let types: Vec<_> = mounts.into_iter().map(|mount| mount.fs_type).collect();
    let has = |kind: &str| types.iter().any(|other| other == kind);
    Some((has("cgroup"), has("cgroup2")))
}

fn tracefs() -> Tracefs {
    let Ok(mounts) = Process::myself().and_then(|process| process.mountinfo()) else { return Tracefs::default() };
    let places: Vec<_> =
        mounts.into_iter().filter(|mount| mount.fs_type == "tracefs").map(|mount| mount.mount_point).collect();
    let shown = |place: &Path| place.display().to_string();
    match places.iter().find(|place| fs::read_dir(place.join("events")).is_ok()) {
        Some(open) => Tracefs::At(shown(open)),
        None => places.first().map_or(Tracefs::NotMounted, |place| Tracefs::Closed(shown(place))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_begins_with_its_version() {
        assert_eq!(version_of("6.1.0-50-cloud-amd64"), Some((6, 1)));
        assert_eq!(version_of("5.10.0"), Some((5, 10)));
        assert_eq!(version_of("rc"), None);
    }
}
