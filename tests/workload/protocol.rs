//! Two lines out, one line in.

use std::io::{self, BufRead, Read, Write};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tests::truth::{Ready, ThreadId, Truth};

/// Ends this process by a signal if it still runs in `seconds`.
pub fn end_after(seconds: u32) {
    // SAFETY: arms a timer; the default action of SIGALRM ends the process.
    unsafe { libc::alarm(seconds) };
}

/// Says that the set-up is done, and waits for the word to go.
pub fn ready(kind: &str, tids: &[u32]) -> Result<()> {
    print(&Ready {
        ready: kind.to_owned(),
        pid: std::process::id(),
        threads: tids.iter().map(|&tid| ThreadId { tid }).collect(),
    })?;
    let mut line = String::new();
    let length = io::stdin().lock().read_line(&mut line).context("waiting for the word to go")?;
    ensure!(length > 0, "stdin ended before the word to go");
    Ok(())
}

/// Says what was done, and stays until stdin ends.
pub fn done(truth: &Truth) -> Result<()> {
    print(truth)?;
    io::stdin().lock().read_to_end(&mut Vec::new()).context("waiting for the end of stdin")?;
    // Threads may be stuck in a call for good: leave without them.
    std::process::exit(0)
}

fn print(value: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).context("writing to stdout")
}
