//! tracefs, which classic tracepoints need to be found by name, also where nobody has mounted it.

use std::{fs, io, path::Path};

use rustix::{
    mount::{MountFlags, MountPropagationFlags, mount, mount_change},
    thread::{UnshareFlags, unshare_unsafe},
};

/// Where aya looks for it.
const PLACES: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// Runs `work` where tracefs can be seen. If nobody has mounted it, it is mounted for the thread that runs
/// `work` alone, in a mount namespace of its own: no other program sees it, and it is gone with the thread.
///
/// Where even that is not allowed, `work` is told why, and can do without classic tracepoints. It is not tried where the kernel
/// keeps its memory confidential (`is_confidential`): it refuses classic tracepoints there, and some kernels (6.12) do not
/// survive it that tracefs is unmounted.
pub fn with_tracefs<T: Send>(is_confidential: bool, work: impl FnOnce(Option<String>) -> T + Send) -> T {
    if is_mounted() {
        return work(None);
    }
    if is_confidential {
        return work(Some("a kernel that keeps its memory confidential shows no tracepoints".into()));
    }
    if let Some(place) = hidden() {
        return work(Some(format!(
            "tracefs at {place} is for root alone; CAP_DAC_READ_SEARCH reads it, and so does a group that is let in: \
             mount -o remount,gid=GROUP,mode=750 {place}"
        )));
    }
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let refusal = mount_privately().err().map(|error| {
                format!("tracefs is not mounted and cannot be ({error}); mount -t tracefs nodev {} helps", PLACES[0])
            });
            work(refusal)
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn is_mounted() -> bool {
    PLACES.iter().any(|place| Path::new(place).join("events").is_dir())
}

/// Where it is mounted, if tracer may not look inside.
fn hidden() -> Option<&'static str> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let is_denied = |place: &str| {
        let events = fs::metadata(Path::new(place).join("events"));
        events.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    PLACES.into_iter().find(|place| is_tracefs(&mounts, place) && is_denied(place))
}

/// Whether a list of mounts (proc_pid_mounts(5)) has tracefs at `place`.
fn is_tracefs(mounts: &str, place: &str) -> bool {
    let mut lines = mounts.lines().map(|line| line.split(' ').skip(1));
    lines.any(|mut fields| fields.next() == Some(place) && fields.next() == Some("tracefs"))
}

fn mount_privately() -> rustix::io::Result<()> {
    // SAFETY: only this thread gets a mount namespace and a file-system context of its own. The descriptor
    // table stays shared, so what it opens belongs to the whole process.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    mount("nodev", PLACES[0], "tracefs", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracefs_is_found_among_mounts_by_its_kind_and_its_place() {
        let mounts = "sysfs /sys sysfs rw 0 0\nnodev /sys/kernel/tracing tracefs rw 0 0\n";
        assert!(is_tracefs(mounts, "/sys/kernel/tracing"));
        assert!(!is_tracefs(mounts, "/sys/kernel/debug/tracing") && !is_tracefs(mounts, "/sys"));
        assert!(!is_tracefs("none /sys/kernel/tracing tmpfs rw 0 0\n", "/sys/kernel/tracing") && !is_tracefs("", ""));
    }
}
