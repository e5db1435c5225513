//! The target as /proc shows it.

use std::{
    fs,
    os::{fd::OwnedFd, unix::fs::MetadataExt as _},
};

use anyhow::{Context as _, Result, bail};
use procfs::{ProcError, process::Process as ProcProcess};
use rustix::process::{Pid as RawPid, PidfdFlags, pidfd_open};
use tracer_common::records::ThreadKey;

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
        refuse_other_ids(pid)?;
        let gone = || format!("process {pid} ended before it could be measured");
        let raw = i32::try_from(pid.0).ok().and_then(RawPid::from_raw).with_context(gone)?;
        let ended = pidfd_open(raw, PidfdFlags::empty()).with_context(gone)?;
        let process = ProcProcess::new(raw.as_raw_nonzero().get()).with_context(gone)?;
        let stat = process.stat().with_context(gone)?;
        let threads = process.tasks().map(Iterator::count).unwrap_or(1);
        // procfs gives the start in clock ticks since the boot.
        let start_time_ns = stat.starttime * tick_ns();
        Ok(Self {
            process: Process {
                hostname: None,
                pid,
                comm: stat.comm,
                command_line: process.cmdline().ok().filter(|words| !words.is_empty()).map(|words| words.join(" ")),
                start_time_ns,
            },
            threads,
            ended,
        })
    }
}

/// Inode of the first pid namespace (`PROC_PID_INIT_INO` in include/linux/proc_ns.h).
const FIRST_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// The kernel half knows processes by the ids of the first pid namespace: elsewhere it would watch another one.
fn refuse_other_ids(pid: Pid) -> Result<()> {
    // Where it cannot be told, ids are most likely what they seem.
    let namespace = fs::metadata("/proc/self/ns/pid").map(|metadata| metadata.ino());
    if namespace.is_ok_and(|inode| inode != FIRST_PID_NAMESPACE) {
        bail!(
            "cannot measure process {pid}: ids in this pid namespace are not the kernel's; \
             run tracer on the host, or in a container that shares its pid namespace (--pid=host)"
        );
    }
    Ok(())
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

/// The name that a thread bears now; `None` if it has ended.
#[must_use]
pub fn thread_name(key: &ThreadKey) -> Option<String> {
    let directory = format!("/proc/{}/task/{}", key.pid, key.tid);
    let comm = fs::read(format!("{directory}/comm")).ok()?;
    let stat = ProcProcess::new(i32::try_from(key.pid).ok()?)
        .ok()?
        .task_from_tid(i32::try_from(key.tid).ok()?)
        .ok()?
        .stat()
        .ok()?;
    // Another thread may have the id by now: the start tells.
    let is_same = stat.starttime == start_ticks(key.start_boottime_ns);
    is_same.then(|| String::from_utf8_lossy(comm.strip_suffix(b"\n").unwrap_or(&comm)).into_owned())
}

/// A time as /proc gives the start of a thread: in clock ticks.
pub fn start_ticks(start_boottime_ns: u64) -> u64 {
    start_boottime_ns / tick_ns()
}

fn tick_ns() -> u64 {
    1_000_000_000 / procfs::ticks_per_second().max(1)
}

/// Whether this process was started so that it survives its terminal (nohup(1)).
#[must_use]
pub fn ignores_hangup() -> bool {
    let status = ProcProcess::myself().and_then(|process| process.status());
    status.is_ok_and(|status| status.sigign & (1 << (libc::SIGHUP - 1)) != 0)
}
