//! Where other threads sleep.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::older;

/// Waits until a thread of any process is asleep in one of the system calls.
pub fn wait_for(tid: u32, syscalls: &[libc::c_long]) -> Result<()> {
    let path = format!("/proc/{tid}/syscall");
    let limit = Instant::now() + Duration::from_secs(10);
    loop {
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        // One that runs has no number.
        let number = text.split_whitespace().next().and_then(|first| first.parse().ok());
        if number.is_some_and(|number| syscalls.contains(&number)) {
            return Ok(());
        }
        ensure!(Instant::now() < limit, "thread {tid} does not get to sleep there: {text}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The system calls that wait on an epoll instance.
pub fn on_epoll() -> Vec<libc::c_long> {
    older::EPOLL_WAIT.into_iter().chain([libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2]).collect()
}
