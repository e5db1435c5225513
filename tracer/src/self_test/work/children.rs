//! Children that each make a call.

use std::fs::OpenOptions;

use anyhow::{Context as _, Result, ensure};
use rustix::{
    fs::sendfile,
    process::{WaitOptions, waitpid},
};

use super::Source;
use crate::{
    model::{Pid, Role, Tid},
    scratch::page_bytes,
    self_test::known::{KnownCalls, KnownThread},
};

/// How many.
const CHILDREN: usize = 24;

/// Forks them one by one; each sends a page and ends. Must be called before this program has a second thread.
pub fn each_makes_a_call(source: &Source) -> Result<Vec<KnownThread>> {
    let null = OpenOptions::new().write(true).open("/dev/null").context("cannot open /dev/null")?;
    let bytes = page_bytes();
    let child = || -> Result<KnownThread> {
        // SAFETY: this process has one thread, so no lock is held that the child could wait for; it makes a call and ends.
        let pid = match unsafe { libc::fork() } {
            -1 => return Err(std::io::Error::last_os_error()).context("cannot fork"),
            0 => {
                let sent = sendfile(&null, &source.hot, Some(&mut 0), bytes as usize);
                // SAFETY: ends the child.
                unsafe { libc::_exit(i32::from(sent != Ok(bytes as usize))) }
            }
            pid => pid,
        };
        let ended = waitpid(rustix::process::Pid::from_raw(pid), WaitOptions::empty()).context("cannot wait")?;
        let code = ended.and_then(|(_, status)| status.exit_status());
        ensure!(code == Some(0), "a child of the known work could not send a page");
        let id = pid.unsigned_abs();
        let sendfile = KnownCalls { calls: 1, bytes, ..KnownCalls::default() };
        Ok(KnownThread { pid: Pid(id), tid: Tid(id), role: Role::Worker, sendfile, pread64: KnownCalls::default() })
    };
    (0..CHILDREN).map(|_| child()).collect()
}
