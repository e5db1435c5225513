//! The signals that tracer is sent while CMD runs. They are kept from ending tracer, and read one by one with who sent
//! them: what the terminal sends reaches CMD by itself, what is meant for tracer alone is passed on.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

use anyhow::{Context as _, Result};
use nix::sys::{
    signal::{SigSet, SigmaskHow, Signal, pthread_sigmask},
    signalfd::{SfdFlags, SignalFd},
};

/// Signals that stay as they are: they stop and continue a job, tell of a fault or of tracer's own limits, or are
/// tracer's own business.
const LEFT: [Signal; 15] = [
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGCONT,
    Signal::SIGCHLD,
    Signal::SIGPIPE,
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGILL,
    Signal::SIGTRAP,
    Signal::SIGABRT,
    Signal::SIGSYS,
    Signal::SIGXCPU,
    Signal::SIGXFSZ,
];

/// Signals that a terminal sends to all processes in its foreground, or to all when it goes away.
const FROM_TERMINAL: [i32; 4] = [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGWINCH];

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its number.
    pub number: i32,
    /// Whether the terminal sent it, and so to the whole process group.
    pub from_terminal: bool,
    /// The process that sent it; 0 if none did.
    pub sender: u32,
}

/// The signals for tracer, held back from it for the rest of its life.
#[derive(Debug)]
pub struct Signals {
    queue: SignalFd,
    /// The mask before: CMD's.
    former: SigSet,
}

impl Signals {
    /// From now on, for this thread and those that it starts.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn hold() -> Result<Self> {
        let mut held = SigSet::all();
        LEFT.iter().for_each(|&signal| held.remove(signal));
        let mut former = SigSet::empty();
        pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&held), Some(&mut former)).context("cannot hold back signals")?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let queue = SignalFd::with_flags(&held, flags).context("cannot listen for signals")?;
        Ok(Self { queue, former })
    }

    /// The mask that was in force before.
    pub fn former(&self) -> SigSet {
        self.former
    }

    /// The next one that has come; `None`: no more.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn next(&self) -> io::Result<Option<Received>> {
        let Some(info) = self.queue.read_signal()? else { return Ok(None) };
        let number = i32::try_from(info.ssi_signo).unwrap_or(0);
        let from_terminal = info.ssi_code > 0 && FROM_TERMINAL.contains(&number);
        Ok(Some(Received { number, from_terminal, sender: if info.ssi_code > 0 { 0 } else { info.ssi_pid } }))
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}
