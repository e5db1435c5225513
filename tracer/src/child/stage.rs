//! CMD's process until its exec: it becomes the user, waits for the word to go, and becomes the command. It is a copy
//! of tracer that lives for a moment: it allocates nothing and returns nowhere.

use std::{
    ffi::{CString, OsStr, OsString},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
    ptr,
};

use anyhow::{Context as _, Result};
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use rustix::{
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
    thread::{set_name, set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};

use super::{
    inherited::Inherited,
    streams::Streams,
    user::{User, assignment},
};

/// What tracer says when the probes are on.
pub const GO: u8 = b'g';

/// Exit code of a process that was never told to go.
const NEVER_BEGAN: i32 = 125;

/// All that the process needs, made before it exists.
pub struct Plan {
    /// The command and its arguments.
    words: Vec<CString>,
    /// Pointers to them, and a null pointer.
    argv: Vec<*const libc::c_char>,
    /// Its environment, where it is not tracer's own, and pointers to it.
    environment: Option<(Vec<CString>, Vec<*const libc::c_char>)>,
    name: CString,
    user: Option<User>,
    streams: Streams,
    inherited: Inherited,
    mask: SigSet,
}

/// A word between both processes: an error number, 0 for none. The process says it when it is ready to go, and once
/// more if its exec fails; an exec that succeeds closes the line instead.
pub type Word = [u8; 4];

impl Plan {
    /// To run `words` as `user` (`None`: as tracer itself), with what tracer was given.
    ///
    /// # Errors
    /// If a word holds a NUL.
    pub fn new(
        words: &[OsString],
        user: Option<User>,
        streams: Streams,
        inherited: Inherited,
        mask: SigSet,
    ) -> Result<Self> {
        let words: Vec<_> = words.iter().map(|word| CString::new(word.as_bytes())).collect::<Result<_, _>>()?;
        let file = words.first().context("no command")?;
        let base = Path::new(OsStr::from_bytes(file.as_bytes())).file_name().unwrap_or_default();
        let name = CString::new(base.as_bytes())?;
        let environment = user.as_ref().map(environment_of).transpose()?;
        let argv = pointers(&words);
        let environment = environment.map(|variables| {
            let pointers = pointers(&variables);
            (variables, pointers)
        });
        Ok(Self { words, argv, environment, name, user, streams, inherited, mask })
    }

    /// Makes the process. `line` is its end of the line to tracer; it closes tracer's end.
    ///
    /// # Errors
    /// If there can be no more processes.
    pub fn fork(&self, line: &OwnedFd, tracers_end: OwnedFd) -> Result<(libc::pid_t, OwnedFd)> {
        // SAFETY: no other thread of this process runs yet, so no lock is held that the copy could wait for. The copy
        // never leaves `run`.
        match unsafe { libc::fork() } {
            -1 => Err(std::io::Error::last_os_error()).context("cannot start a process for the command"),
            0 => {
                drop(tracers_end);
                self.run(line)
            }
            pid => Ok((pid, tracers_end)),
        }
    }

    fn run(&self, line: &OwnedFd) -> ! {
        // As its exec would: until then too, whoever lists processes sees the command.
        let _ = set_name(&self.name);
        let become_user = self.user.as_ref().map_or(Ok(()), become_user);
        say(line, become_user.err());
        if become_user.is_err() || !is_told_to_go(line) {
            exit(NEVER_BEGAN);
        }
        self.inherited.restore();
        self.streams.put_in_place();
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&self.mask), None);
        // SAFETY: both arrays end with a null pointer, and what they point to lives as long as this process.
        unsafe {
            match &self.environment {
                None => libc::execvp(self.words[0].as_ptr(), self.argv.as_ptr()),
                Some((_, pointers)) => libc::execvpe(self.words[0].as_ptr(), self.argv.as_ptr(), pointers.as_ptr()),
            };
        }
        let error = std::io::Error::last_os_error();
        say(line, Errno::from_io_error(&error).or(Some(Errno::NOEXEC)));
        exit(NEVER_BEGAN);
    }
}

fn pointers(words: &[CString]) -> Vec<*const libc::c_char> {
    words.iter().map(|word| word.as_ptr()).chain([ptr::null()]).collect()
}

/// tracer's environment with the variables that tell whose it is.
fn environment_of(user: &User) -> Result<Vec<CString>> {
    let own = user.variables();
    let others = std::env::vars_os().filter(|(name, _)| !own.iter().any(|(own, _)| name == own));
    let others: Vec<_> = others.collect();
    let own = own.iter().map(|(name, value)| (OsStr::new(*name), value.as_os_str()));
    let all = others.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str())).chain(own);
    all.map(|(name, value)| assignment(name, value)).collect()
}

/// The groups first: the right to change them goes with the user. This process has one thread.
fn become_user(user: &User) -> Result<(), Errno> {
    set_thread_groups(&user.groups)?;
    set_thread_res_gid(user.gid, user.gid, user.gid)?;
    set_thread_res_uid(user.uid, user.uid, user.uid)
}

fn say(line: &OwnedFd, error: Option<Errno>) {
    let word: Word = error.map_or(0, Errno::raw_os_error).to_ne_bytes();
    // If tracer is gone, so is this process in a moment.
    let _ = send(line, &word, SendFlags::NOSIGNAL);
}

/// Waits for the word to go, in a system call that no measurement is about; false if tracer has ended without it.
fn is_told_to_go(line: &OwnedFd) -> bool {
    let mut word = [0; 1];
    loop {
        match recv(line.as_fd(), &mut word, RecvFlags::empty()) {
            Err(Errno::INTR) => {}
            Ok((_, length)) => return length == 1 && word == [GO],
            Err(_) => return false,
        }
    }
}

/// Leaves without what a program does at its end: that is tracer's to do.
fn exit(code: i32) -> ! {
    // SAFETY: ends this process.
    unsafe { libc::_exit(code) }
}
