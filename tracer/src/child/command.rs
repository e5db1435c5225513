//! The command as tracer sees it, from its start to its end.

use std::{
    ffi::OsString,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use anyhow::{Context as _, Result, bail};
use procfs::process::Process as ProcProcess;
use rustix::{
    event::{PollFd, PollFlags, epoll, poll},
    io::Errno,
    net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair},
    process::{Pid as RawPid, PidfdFlags, WaitId, WaitIdOptions, getpgid, getpgrp, pidfd_open, waitid},
};

use super::{
    ending::Ending,
    inherited::{Inherited, ignores},
    signals::{Received, Signals},
    stage::{GO, Plan, Word},
    streams::Streams,
    user::User,
};
use crate::model::{Pid, Process};

/// So many Ctrl-C end the command for good.
const INTERRUPTS_THAT_KILL: u32 = 2;

/// Before the command is let go, these end tracer, as they would without a command.
const ENDING: [i32; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// A command that was started. If this value is dropped before [`Child::let_go`], or tracer ends in whatever way, the
/// command never runs; after that it runs on.
pub struct Child {
    words: Vec<OsString>,
    raw_pid: RawPid,
    pidfd: OwnedFd,
    /// To the process until its exec.
    line: Option<OwnedFd>,
    signals: Signals,
    /// Readable when there is something to attend to.
    news: OwnedFd,
    was_let_go: bool,
    /// Its name and command line after its exec.
    program: Option<(String, String)>,
    /// Whether Ctrl-C means anything to it: a shell starts what runs in the background so that it does not.
    heeds_interrupts: bool,
    interrupts: u32,
    ending: Option<Ending>,
}

impl Child {
    /// Starts a process that will be the command, and returns when it waits to be let go. Must be called before this
    /// program has a second thread.
    ///
    /// # Errors
    /// If there can be no such process, or it cannot become `user`.
    pub fn start(words: &[OsString], user: Option<User>, streams: Streams) -> Result<Self> {
        let cannot_start = "cannot start a process for the command";
        let inherited = Inherited::take();
        let heeds_interrupts = !ignores(libc::SIGINT);
        let signals = Signals::hold()?;
        let who = user.as_ref().map(|user| user.name.display().to_string());
        let plan = Plan::new(words, user, streams, inherited, signals.former())?;
        let (own, its) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).context(cannot_start)?;
        let (pid, own) = plan.fork(&its, own)?;
        drop(its);
        let raw_pid = RawPid::from_raw(pid).context(cannot_start)?;
        let pidfd = pidfd_open(raw_pid, PidfdFlags::empty()).context(cannot_start)?;
        match hear(&own, RecvFlags::empty()) {
            Heard::Word(0) => {}
            Heard::Word(errno) => {
                let error = io::Error::from_raw_os_error(errno);
                return Err(error).context(format!("cannot become {} to run the command", who.unwrap_or_default()));
            }
            Heard::Nothing | Heard::End => bail!("{cannot_start}: it ended at once"),
        }
        let news = news(&[own.as_fd(), signals.as_fd(), pidfd.as_fd()]).context("cannot wait for the command")?;
        Ok(Self {
            words: words.to_vec(),
            raw_pid,
            pidfd,
            line: Some(own),
            signals,
            news,
            was_let_go: false,
            program: None,
            heeds_interrupts,
            interrupts: 0,
            ending: None,
        })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid(self.raw_pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// The command as one could write it in a shell.
    #[must_use]
    pub fn shown(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| quoted(&word.to_string_lossy())).collect();
        words.join(" ")
    }

    /// Whether it was let go, and so may have done something.
    #[must_use]
    pub fn was_let_go(&self) -> bool {
        self.was_let_go
    }

    /// How it ended; `None`: it has not. Its process stays, as a zombie, as long as this value lives.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// What `process` is since it became the command, if it did.
    pub fn describe(&self, process: &mut Process) {
        if let Some((comm, command_line)) = self.program.clone().filter(|_| process.pid == self.pid()) {
            process.comm = comm;
            process.command_line = Some(command_line);
        }
    }

    /// Readable when [`Child::attend`] has something to do.
    #[must_use]
    pub fn news(&self) -> BorrowedFd<'_> {
        self.news.as_fd()
    }

    /// Lets it become the command.
    pub fn let_go(&mut self) {
        if let Some(line) = &self.line {
            // If the process was killed meanwhile, its end tells.
            let _ = send(line, &[GO], SendFlags::NOSIGNAL);
            self.was_let_go = true;
        }
    }

    /// Does what there is to do, without waiting: passes signals on, notes what the process has become, and its end.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn attend(&mut self) -> Result<()> {
        self.look_at_line();
        while let Some(signal) = self.signals.next().context("cannot read the signals for the command")? {
            self.take_signal(signal);
        }
        if self.ending.is_none() {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            let status = waitid(WaitId::PidFd(self.pidfd.as_fd()), options).context("cannot wait for the command")?;
            if status.is_some() {
                // What it said before it ended.
                self.look_at_line();
                self.ending = self.ending.or_else(|| status.as_ref().and_then(Ending::of));
            }
        }
        if self.ending.is_some() {
            // Already gone, the second time.
            let _ = epoll::delete(&self.news, &self.pidfd);
        }
        Ok(())
    }

    /// Waits until it has ended, and attends to it meanwhile.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn wait(&mut self) -> Result<Ending> {
        loop {
            self.attend()?;
            if let Some(ending) = self.ending {
                return Ok(ending);
            }
            match poll(&mut [PollFd::new(&self.news, PollFlags::IN)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error).context("cannot wait for the command"),
            }
        }
    }

    fn look_at_line(&mut self) {
        let Some(line) = &self.line else { return };
        match hear(line, RecvFlags::DONTWAIT) {
            Heard::Nothing => return,
            Heard::Word(errno) => self.ending = Some(Ending::NotRun(Errno::from_raw_os_error(errno))),
            Heard::End => self.program = self.was_let_go.then(|| self.read_program()),
        }
        // Closed, it is no longer waited for.
        self.line = None;
    }

    /// A command may end while this is read: then its arguments are gone from /proc, or were cut off there.
    fn read_program(&self) -> (String, String) {
        let lossy = |word: &OsString| word.to_string_lossy().into_owned();
        let process = ProcProcess::new(self.raw_pid.as_raw_nonzero().get()).ok();
        let words = process.as_ref().and_then(|process| process.cmdline().ok()).filter(|words| !words.is_empty());
        // Only now: what has not ended yet, had not while its arguments were read.
        let stat = process.and_then(|process| process.stat().ok());
        let words = words.filter(|_| stat.as_ref().is_some_and(|stat| !matches!(stat.state, 'Z' | 'X')));
        let comm = stat.map(|stat| stat.comm);
        let words = words.unwrap_or_else(|| self.words.iter().map(lossy).collect());
        (comm.unwrap_or_default(), words.join(" "))
    }

    fn take_signal(&mut self, signal: Received) {
        if self.ending.is_some() {
            return;
        }
        if !self.was_let_go {
            if ENDING.contains(&signal.number) {
                self.ending = Some(Ending::NeverBegan(signal.number));
                self.line = None;
            }
            return;
        }
        if signal.number == libc::SIGINT && self.heeds_interrupts {
            self.interrupts += 1;
        }
        if self.interrupts >= INTERRUPTS_THAT_KILL {
            self.send(libc::SIGKILL);
        } else if !self.has_got(signal) {
            self.send(signal.number);
        }
    }

    /// Whether it has got a signal without tracer: from the terminal, which sends to tracer's process group, or
    /// because it sent it itself, to its group or to its parent.
    fn has_got(&self, signal: Received) -> bool {
        let in_own_group = || getpgid(Some(self.raw_pid)).is_ok_and(|group| group == getpgrp());
        signal.from_terminal && in_own_group() || signal.sender == self.pid().0
    }

    fn send(&self, signal: i32) {
        // SAFETY: signals a child that has not been waited for, so its id is its own. A failure means that it runs as
        // somebody whom tracer may not signal, just as tracer's own caller could not.
        unsafe { libc::kill(self.raw_pid.as_raw_nonzero().get(), signal) };
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // A process that was not let go ends when the line does.
        self.line = None;
        if self.ending.is_some() || !self.was_let_go {
            let _ = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
        }
    }
}

/// What comes over the line.
enum Heard {
    /// Nothing yet.
    Nothing,
    /// An error number, or 0.
    Word(i32),
    /// The other end is closed.
    End,
}

fn hear(line: &OwnedFd, flags: RecvFlags) -> Heard {
    let mut word = Word::default();
    loop {
        match recv(line, &mut word, flags) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Heard::Nothing,
            Ok((_, length)) if length == word.len() => return Heard::Word(i32::from_ne_bytes(word)),
            Ok(_) | Err(_) => return Heard::End,
        }
    }
}

/// A descriptor that is readable when one of `sources` is.
fn news(sources: &[BorrowedFd<'_>]) -> rustix::io::Result<OwnedFd> {
    let news = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (number, source) in (0..).zip(sources) {
        epoll::add(&news, source, epoll::EventData::new_u64(number), epoll::EventFlags::IN)?;
    }
    Ok(news)
}

/// A word as a shell would need it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        let shown = ["cp", "a b", "", "it's", "--x=1,2", "$HOME"].map(quoted);
        assert_eq!(shown, ["cp", "'a b'", "''", r"'it'\''s'", "--x=1,2", "'$HOME'"]);
    }
}
