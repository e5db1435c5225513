//! tracefs, which classic tracepoints need to be found by name, also where nobody has mounted it.

use std::path::Path;

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

fn mount_privately() -> rustix::io::Result<()> {
    // SAFETY: only this thread gets a mount namespace and a file-system context of its own. The descriptor
    // table stays shared, so what it opens belongs to the whole process.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    mount("nodev", PLACES[0], "tracefs", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, None)
}
