//! Whether what hangs on system calls fires: a kernel may accept a program and never run it.

use anyhow::{Context as _, Result, bail};
use aya::{Ebpf, maps::Array};
use tracer_common::records::Window;

use super::ladder::Hook;

/// The gate as a map takes it.
type Bytes = [u8; size_of::<Window>()];

/// No system call that is tried gets past this argument: it is no descriptor, no address, no set of flags, and of
/// anything too many.
const REFUSED: libc::c_long = -1;

/// Makes the system calls that `hooks` hang on, each so that it comes to nothing.
///
/// # Errors
/// If one of them does not fire.
pub fn fires(ebpf: &mut Ebpf, hooks: &[&Hook]) -> Result<()> {
    let mut numbers: Vec<_> = hooks.iter().filter_map(|hook| hook.fired_by).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Ok(());
    }
    let window = ebpf.map_mut("WINDOW").context("the object has no map WINDOW")?;
    let mut window = Array::<_, Bytes>::try_from(window)?;
    let trial = Window { trial_tid: rustix::thread::gettid().as_raw_nonzero().get() as u64, ..Window::default() };
    let mut silent = None;
    for number in numbers {
        window.set(0, bytemuck::cast::<_, Bytes>(trial), 0).context("cannot try the probes")?;
        let is_kept_away = is_kept_away(number);
        let fired = bytemuck::cast::<_, Window>(window.get(&0, 0).context("cannot try the probes")?).fired;
        let hanging = hooks.iter().filter(|hook| hook.fired_by == Some(number));
        if fired < hanging.clone().count() as u64 && !is_kept_away {
            silent = hanging.map(|hook| hook.place.name()).next();
        }
    }
    window.set(0, bytemuck::cast::<_, Bytes>(Window::default()), 0).context("cannot try the probes")?;
    match silent {
        Some(place) => bail!("it is attached to {place}, and does not fire there"),
        None => Ok(()),
    }
}

/// Makes a system call; whether a filter (seccomp(2)) may have kept it from the kernel: then nobody can say.
fn is_kept_away(number: u64) -> bool {
    // SAFETY: none of the calls looks at memory or a descriptor that such arguments stand for.
    let result = unsafe { libc::syscall(number as libc::c_long, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED) };
    let error = std::io::Error::last_os_error().raw_os_error();
    result == -1 && matches!(error, Some(libc::EPERM | libc::EACCES | libc::ENOSYS))
}
