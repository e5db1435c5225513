//! Calls with which a program begins, and that nobody waits for.

use std::{
    fs::File,
    io::{Write, stdout},
    os::fd::AsFd,
    process::{Command, Stdio},
};

use anyhow::{Result, ensure};
use clap::Args;

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// So many calls
    #[arg(long, default_value_t = 1)]
    calls: u64,
    /// Bytes a call; the file is this program
    #[arg(long, default_value_t = 4096)]
    bytes: usize,
    /// Leaves a child behind that sleeps for so many seconds, and says its id
    #[arg(long)]
    leave: Option<u64>,
}

/// Makes the calls and ends.
pub fn run(options: &Options) -> Result<()> {
    let (file, null) = (File::open("/proc/self/exe")?, File::options().write(true).open("/dev/null")?);
    if let Some(seconds) = options.leave {
        let mut sleep = Command::new("sleep");
        // Not with these streams: whoever reads them to the end would wait for it.
        sleep.arg(seconds.to_string()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        writeln!(stdout(), "{}", sleep.spawn()?.id())?;
    }
    for _ in 0..options.calls {
        let sent = rustix::fs::sendfile(null.as_fd(), file.as_fd(), Some(&mut 0), options.bytes)?;
        ensure!(sent == options.bytes, "sent {sent} bytes of {}", options.bytes);
    }
    Ok(())
}
