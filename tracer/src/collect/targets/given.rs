//! Processes and threads that were given by id, as /proc shows them.

use std::os::fd::OwnedFd;

use anyhow::{Context as _, Result, bail};
use procfs::{ProcError, process::Process as ProcProcess};
use rustix::process::{Pid as RawPid, PidfdFlags, pidfd_open};

use super::processes;
use crate::model::{Pid, Process, Tid};

/// A process that is to be measured.
pub struct TargetProcess {
    /// What the recording says of it.
    pub process: Process,
    /// Threads that it has now.
    pub threads: usize,
    /// Becomes readable when it ends.
    pub ended: OwnedFd,
}

impl TargetProcess {
    /// Process `pid`.
    ///
    /// # Errors
    /// If there is no such process, or if it is a thread.
    pub fn of_pid(pid: Pid) -> Result<Self> {
        let status = status_of(pid.0).with_context(|| format!("cannot measure --pid {pid}"))?;
        if status.tgid != status.pid {
            bail!("cannot measure --pid {pid}: it is a thread of process {}; use --tid {pid}", status.tgid);
        }
        Self::open(pid)
    }

    /// The process of thread `tid`.
    ///
    /// # Errors
    /// If there is no such thread.
    pub fn of_tid(tid: Tid) -> Result<Self> {
        let status = status_of(tid.0).with_context(|| format!("cannot measure --tid {tid}"))?;
        Self::open(Pid(status.tgid.unsigned_abs()))
    }

    fn open(pid: Pid) -> Result<Self> {
        let gone = || format!("process {pid} ended before it could be measured");
        let raw = i32::try_from(pid.0).ok().and_then(RawPid::from_raw).with_context(gone)?;
        let ended = pidfd_open(raw, PidfdFlags::empty()).with_context(gone)?;
        let threads = ProcProcess::new(raw.as_raw_nonzero().get()).with_context(gone)?.tasks();
        Ok(Self {
            process: processes::now(pid).with_context(gone)?,
            threads: threads.map(Iterator::count).unwrap_or(1),
            ended,
        })
    }
}

/// When thread `tid` of process `pid` began: CLOCK_BOOTTIME to a clock tick, ns; `None`: it has ended.
pub fn start_of_thread(pid: Pid, tid: Tid) -> Option<u64> {
    processes::stat(&format!("/proc/{pid}/task/{tid}/stat")).map(|stat| stat.start_time_ns)
}

/// The status of a process or a thread.
fn status_of(id: u32) -> Result<procfs::process::Status> {
    let Some(raw) = i32::try_from(id).ok().filter(|&raw| raw > 0) else { bail!("no process has such an id") };
    match ProcProcess::new(raw).and_then(|process| process.status()) {
        Ok(status) => Ok(status),
        Err(ProcError::NotFound(_)) => bail!("no such process"),
        Err(error) => Err(error).context("cannot read its status"),
    }
}

/// Whether this process was started so that it survives its terminal (nohup(1)).
#[must_use]
pub fn ignores_hangup() -> bool {
    let status = ProcProcess::myself().and_then(|process| process.status());
    status.is_ok_and(|status| status.sigign & (1 << (libc::SIGHUP - 1)) != 0)
}
