//! One process that does as it is told, step by step: a line in, the work, a line out.

use std::{
    fs::File,
    io::{self, BufRead, Write},
    os::fd::{AsFd, BorrowedFd},
    path::Path,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::{
    crew::{self, this_tid},
    meter::Call,
    out::{Channel, Kind},
    protocol, source,
};

/// Bytes of each call.
const BYTES: usize = 100;

/// Nothing to choose: the lines say it all.
#[derive(Args)]
pub struct Options {}

/// Does what the lines say: `calls N`, `name TEXT`, `hold` and `release`.
pub fn run(_options: &Options, directory: &Path) -> Result<()> {
    let file = source::hot(directory, "hot", BYTES as u64)?;
    let null = File::options().write(true).open("/dev/null")?;
    let mut held: Option<Held> = None;
    protocol::ready("steps", &[])?;
    for line in io::stdin().lock().lines() {
        let line = line.context("reading a step")?;
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("calls", count) => calls(&file, null.as_fd(), count.parse()?)?,
            ("name", name) => rename(name)?,
            ("hold", "") => held = Some(Held::begin(&file)?),
            ("release", "") => held.take().context("nothing is held")?.release()?,
            _ => bail!("no such step: {line}"),
        }
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "done").and_then(|()| stdout.flush()).context("saying that a step is done")?;
    }
    Ok(())
}

fn calls(file: &File, out: BorrowedFd<'_>, count: usize) -> Result<()> {
    for _ in 0..count {
        let sent = Call { source: file.as_fd(), out, offset: 0, bytes: BYTES }.make();
        ensure!(sent == BYTES as i64, "a call returned {sent}");
    }
    Ok(())
}

/// Renames the process, which is its first thread.
fn rename(name: &str) -> Result<()> {
    std::fs::write("/proc/self/comm", name).context("taking another name")
}

/// A call in a thread of its own that waits for room in a full pipe.
struct Held {
    channel: Arc<Channel>,
    caller: JoinHandle<i64>,
}

impl Held {
    /// Begins it, and returns when it is in the kernel.
    fn begin(file: &File) -> Result<Self> {
        let channel = Arc::new(Channel::open(Kind::Pipe)?);
        channel.fill()?;
        let (source, full) = (file.try_clone()?, Arc::clone(&channel));
        let (sender, tid) = mpsc::channel();
        let caller = crew::spawn(move || {
            sender.send(this_tid()).expect("somebody listens");
            Call { source: source.as_fd(), out: full.room.as_fd(), offset: 0, bytes: BYTES }.make()
        })?;
        let path = format!("/proc/self/task/{}/syscall", tid.recv()?);
        let in_call = format!("{} ", libc::SYS_sendfile);
        while !std::fs::read_to_string(&path)?.starts_with(&in_call) {
            std::thread::yield_now();
        }
        Ok(Self { channel, caller })
    }

    /// Makes room, and returns when the call has.
    fn release(self) -> Result<()> {
        self.channel.empty()?;
        let sent = self.caller.join().expect("the caller does not panic");
        ensure!(sent == BYTES as i64, "the held call returned {sent}");
        Ok(())
    }
}
