//! The process that is to be asked: whether it is a HotSpot JVM at all, and may be sent a SIGQUIT. To any other
//! process that signal is the end.

use std::{fmt, fs, os::fd::OwnedFd};

use anyhow::{Context as _, Result, bail, ensure};
use procfs::process::{Process, Status};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags, ResolveFlags, open, openat2},
    io::Errno,
    process::{Signal, pidfd_send_signal},
};

use crate::model::Pid;

/// A JVM.
pub struct Jvm {
    /// Its process.
    pub pid: Pid,
    /// The id that it knows itself by.
    pub own_id: u32,
    /// The user that it acts as.
    pub uid: u32,
    /// The group that it acts as.
    pub gid: u32,
    /// Its `/tmp`.
    pub tmp: OwnedFd,
    process: OwnedFd,
}

impl Jvm {
    /// Process `pid`, which the descriptor `process` stands for.
    ///
    /// # Errors
    /// If it is no HotSpot JVM, or one that cannot be asked now.
    pub fn of(pid: Pid, process: OwnedFd) -> Result<Self> {
        let maps = fs::read(format!("/proc/{pid}/maps")).with_context(|| cannot_read(pid, "maps"))?;
        ensure_hotspot(&String::from_utf8_lossy(&maps))?;
        let status = status(pid)?;
        if status.state.starts_with(['T', 't']) {
            bail!("it is stopped, by a signal or a debugger, and cannot answer (kill -CONT {pid} lets it go on)");
        }
        let own_id = status.nspid.and_then(|ids| ids.last().copied()).map_or(pid.0, i32::unsigned_abs);
        let root = directory(&format!("/proc/{pid}/root"))?;
        // What the JVM calls /tmp, even if that is a link: without this it would be followed to a place of this
        // machine that the target could choose.
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let tmp = openat2(&root, "tmp", DIRECTORY, Mode::empty(), resolve).context("cannot open its /tmp")?;
        let this = Self { pid, own_id, uid: status.euid, gid: status.egid, tmp, process };
        // Its id could have been another process' by the time that it was looked up.
        this.ensure_alive()?;
        Ok(this)
    }

    /// Its working directory.
    pub fn working_directory(&self) -> Result<OwnedFd> {
        directory(&format!("/proc/{}/cwd", self.pid))
    }

    /// Makes sure that it can be woken, and is meant to be.
    ///
    /// # Errors
    /// If SIGQUIT would end it, or make it print all threads on its own stdout.
    pub fn ensure_willing(&self) -> Result<()> {
        let read = |file: &str| {
            let bytes = fs::read(format!("/proc/{}/{file}", self.pid)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        if let Some(place) = refusal(&read("cmdline"), &read("environ")) {
            bail!("it was started with {REFUSES} ({place}): it does not let itself be asked");
        }
        if !catches_quit(&status(self.pid)?) {
            bail!(
                "it does not catch SIGQUIT, which would end it: it is just starting (try again), or was started with \
                 -Xrs and does not let itself be asked either"
            );
        }
        Ok(())
    }

    /// Sends it the signal that makes it look for a trigger.
    ///
    /// # Errors
    /// If it is not to be woken.
    pub fn wake(&self) -> Result<()> {
        // As late as can be.
        self.ensure_willing()?;
        match pidfd_send_signal(&self.process, Signal::QUIT) {
            Err(Errno::PERM) => bail!("it cannot be sent SIGQUIT: run tracer as root, or as the JVM's user"),
            sent => sent.context("it has ended"),
        }
    }

    fn ensure_alive(&self) -> Result<()> {
        let mut process = [PollFd::new(&self.process, PollFlags::IN)];
        let ended = poll(&mut process, Some(&Timespec::default())).context("whether it still runs")?;
        ensure!(ended == 0, "it has ended");
        Ok(())
    }
}

/// Where a JVM was told not to let itself be asked, in its words and its environment as /proc shows them.
fn refusal(command_line: &str, environment: &str) -> Option<&'static str> {
    let last = |words: &mut dyn Iterator<Item = &str>| words.filter_map(attach_switch).last();
    if let Some(may_ask) = last(&mut command_line.split('\0')) {
        return (!may_ask).then_some("its command line");
    }
    let value =
        |name: &str| environment.split('\0').find_map(|variable| variable.strip_prefix(name)?.strip_prefix('='));
    let refuses = |name: &&str| {
        value(name).and_then(|value| last(&mut value.split_ascii_whitespace())).is_some_and(|may_ask| !may_ask)
    };
    OPTIONS.into_iter().find(refuses)
}

/// Variables from which a JVM, or its launcher, takes options.
const OPTIONS: [&str; 3] = ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"];

const REFUSES: &str = "-XX:+DisableAttachMechanism";

/// Whether an option lets the JVM be asked; `None`: it is another option.
fn attach_switch(option: &str) -> Option<bool> {
    match option {
        REFUSES => Some(false),
        "-XX:-DisableAttachMechanism" => Some(true),
        _ => None,
    }
}

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

fn directory(path: &str) -> Result<OwnedFd> {
    open(path, DIRECTORY, Mode::empty()).with_context(|| format!("cannot open {path}"))
}

fn status(pid: Pid) -> Result<Status> {
    let raw = i32::try_from(pid.0).context("no such process")?;
    Process::new(raw).and_then(|process| process.status()).with_context(|| cannot_read(pid, "status"))
}

fn cannot_read(pid: Pid, file: impl fmt::Display) -> String {
    format!("cannot read /proc/{pid}/{file} (run tracer as root, or as the JVM's user)")
}

/// Whether a handler is installed: the JVM installs one when it is ready to be asked.
fn catches_quit(status: &Status) -> bool {
    status.sigcgt & (1 << (libc::SIGQUIT - 1)) != 0
}

/// HotSpot is a library that the program has loaded (proc(5), `/proc/pid/maps`).
fn ensure_hotspot(maps: &str) -> Result<()> {
    let mut files = maps.lines().map(|line| line.trim_end_matches(" (deleted)"));
    if !files.clone().any(|file| file.ends_with("/libjvm.so")) {
        bail!("it is no HotSpot JVM: it has not loaded libjvm.so");
    }
    if files.any(|file| file.rsplit('/').next().is_some_and(|name| name.starts_with("libj9vm"))) {
        bail!("it is an OpenJ9 JVM, which is not asked in the way that HotSpot is");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hotspot_is_told_from_other_programs_by_its_library() {
        let line = |file: &str| format!("7f00-7f01 r-xp 00000000 fe:00 1234   {file}\n");
        assert!(ensure_hotspot(&line("/usr/lib/jvm/java 17/lib/server/libjvm.so")).is_ok());
        assert!(ensure_hotspot(&line("/opt/jdk/lib/server/libjvm.so (deleted)")).is_ok());
        let other = ensure_hotspot(&(line("/usr/lib/libjvm.so.1") + &line("/tmp/notlibjvm.so")));
        assert!(other.unwrap_err().to_string().contains("no HotSpot JVM"));
        let j9 = ensure_hotspot(&(line("/opt/j9/lib/j9vm/libjvm.so") + &line("/opt/j9/lib/libj9vm29.so")));
        assert!(j9.unwrap_err().to_string().contains("OpenJ9"));
    }

    #[test]
    fn a_jvm_that_refuses_says_so_where_it_gets_its_options() {
        let off = "java\0-XX:+DisableAttachMechanism\0-jar\0a.jar\0";
        let on = "java\0-XX:+DisableAttachMechanism\0-XX:-DisableAttachMechanism\0-jar\0a.jar\0";
        let variable = "HOME=/\0JAVA_TOOL_OPTIONS=-Xmx1g -XX:+DisableAttachMechanism\0";
        assert_eq!(refusal(off, ""), Some("its command line"));
        assert_eq!(refusal("java\0-jar\0a.jar\0", variable), Some("JAVA_TOOL_OPTIONS"));
        assert_eq!(
            refusal("java\0", "X=-XX:+DisableAttachMechanism\0JAVA_TOOL_OPTIONSX=-XX:+DisableAttachMechanism"),
            None
        );
        assert_eq!((refusal(on, ""), refusal("", "")), (None, None));
    }

    #[test]
    fn another_program_is_never_sent_a_signal() {
        let pid = std::process::id();
        let own = rustix::process::getpid();
        let process = rustix::process::pidfd_open(own, rustix::process::PidfdFlags::empty()).unwrap();
        assert!(Jvm::of(Pid(pid), process).is_err());
        assert!(!catches_quit(&status(Pid(pid)).unwrap()));
    }
}
