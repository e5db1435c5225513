//! What tracer may do: asked before it tries, so that the answer is one clear line, and where the kernel has refused, so that
//! the setting is named that made it.

use std::{fs, io};

use anyhow::{Error, Result, bail};
use aya::{programs::ProgramError, sys::SyscallError};

use super::lockdown::Lockdown;
use crate::capabilities::{self, Capability};

/// Fails unless eBPF programs can be loaded and attached.
///
/// # Errors
/// Names the capabilities that are missing.
pub fn check() -> Result<()> {
    match capabilities::missing(&[Capability::Bpf, Capability::Perfmon], capabilities::held()) {
        Some(missing) => {
            bail!("cannot load eBPF programs without {missing}: run tracer as root, for instance through sudo")
        }
        None => Ok(()),
    }
}

/// What decides about perf events, on which classic tracepoints and kprobes hang.
const PARANOID: &str = "kernel.perf_event_paranoid";

/// From here on Debian's kernels and their kin let nobody open a perf event without `CAP_SYS_ADMIN`; elsewhere `CAP_PERFMON` is
/// enough whatever it is.
const FOR_ADMIN_ALONE: i32 = 3;

/// Why the kernel refused a perf event, if `refusal` is that and a setting is to blame.
pub fn behind(refusal: &Error) -> Option<String> {
    if !is_of_perf_event(refusal) {
        return None;
    }
    let level = fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok()?.trim().parse().ok()?;
    blamed(level, capabilities::held().contains(Capability::SysAdmin.set()), is_confidential())
}

/// Whether `refusal` is that of a perf event, for lack of a right.
fn is_of_perf_event(refusal: &Error) -> bool {
    refusal.chain().any(|cause| {
        let Some(ProgramError::SyscallError(SyscallError { call, io_error })) = cause.downcast_ref() else {
            return false;
        };
        call.starts_with("perf_event_open") && io_error.kind() == io::ErrorKind::PermissionDenied
    })
}

fn blamed(level: i32, is_admin: bool, is_confidential: bool) -> Option<String> {
    if is_confidential {
        return Some(
            "the kernel is locked down to keep its memory confidential (/sys/kernel/security/lockdown)".into(),
        );
    }
    (!is_admin && level >= FOR_ADMIN_ALONE)
        .then(|| format!("{PARANOID} is {level}, past which only CAP_SYS_ADMIN comes; sysctl {PARANOID}=2 helps"))
}

/// Whether the kernel says that it keeps its memory confidential.
pub fn is_confidential() -> bool {
    Lockdown::of_running_kernel() == Some(Lockdown::Confidentiality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perf_event_that_was_refused_is_told_from_other_errors() {
        let error = |call, kind: io::ErrorKind| {
            let io_error = kind.into();
            Error::from(ProgramError::SyscallError(SyscallError { call, io_error })).context("cannot attach")
        };
        assert!(is_of_perf_event(&error("perf_event_open_trace_point", io::ErrorKind::PermissionDenied)));
        assert!(!is_of_perf_event(&error("perf_event_open", io::ErrorKind::NotFound)));
        assert!(!is_of_perf_event(&error("bpf_link_create", io::ErrorKind::PermissionDenied)));
    }

    #[test]
    fn a_refused_perf_event_is_blamed_on_what_refuses_it() {
        assert!(blamed(3, false, false).unwrap().contains("kernel.perf_event_paranoid is 3"));
        assert!(blamed(3, true, true).unwrap().contains("locked down"));
        for (level, is_admin) in [(2, false), (-1, false), (4, true)] {
            assert_eq!(blamed(level, is_admin, false), None);
        }
    }
}
