//! The server as a process of its own, seen from the side that starts and ends it.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::server::{STOP, Said};
use super::truth::ServerTruth;
use crate::model::Pid;

/// Longest wait for a line of the server's. A throttled disk may hold it up for a while.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Longest wait for its end after its last line.
const END_WITHIN: Duration = Duration::from_secs(2);
const LINE_MAX: usize = 1 << 20;

/// The running server. Dropping it ends it by its pid and reaps it.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    output: ChildStdout,
    /// Where it listens.
    pub address: SocketAddr,
}

/// This program as the server of a scratch directory.
pub fn this_program(directory: &Path) -> Command {
    // The link rather than where it leads: this very program, even if its file has been replaced meanwhile.
    let mut command = Command::new("/proc/self/exe");
    command.arg0(env!("CARGO_PKG_NAME")).args(["demo", "--serve"]).arg(directory);
    command
}

impl ServerProcess {
    /// Starts it and waits until it listens.
    pub fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // A group of its own: Ctrl-C is for the measurement, and the server must live on to give its account.
        let mut child = command.process_group(0).spawn().context("cannot start the demo's server")?;
        let Some(mut output) = child.stdout.take() else { bail!("the demo's server has no standard output") };
        match next_line(&mut output) {
            Ok(Said::Listening(address)) => Ok(Self { child, output, address }),
            failed => {
                end(&mut child);
                failed.context("the demo's server did not start")?;
                bail!("the demo's server did not say where it listens")
            }
        }
    }

    /// Its process id, also the thread id of its event loop.
    pub fn pid(&self) -> Pid {
        Pid(self.child.id())
    }

    /// Tells it to stop, takes its account and reaps it.
    pub fn stop(mut self) -> Result<ServerTruth> {
        let input = self.child.stdin.as_mut().context("the demo's server has no standard input")?;
        writeln!(input, "{STOP}").context("the demo's server has ended early")?;
        let Said::Truth(truth) = next_line(&mut self.output).context("no account from the demo's server")? else {
            bail!("the demo's server gave no account")
        };
        let deadline = Instant::now() + END_WITHIN;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    bail!("the demo's server failed: {status}");
                }
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(truth)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Does nothing to a child that is already reaped. A failure to kill means that it has ended.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn next_line(output: &mut ChildStdout) -> Result<Said> {
    let deadline = Instant::now() + ANSWER_WITHIN;
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left)?;
        match poll(&mut [PollFd::new(output, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => bail!("nothing heard from it for {} s", ANSWER_WITHIN.as_secs()),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let mut bytes = [0; 4096];
        match output.read(&mut bytes) {
            Ok(0) => bail!("it has ended"),
            Ok(count) => line.extend_from_slice(&bytes[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        if line.len() > LINE_MAX {
            bail!("it talks without end");
        }
    }
    serde_json::from_slice(&line).context("it said something else than expected")
}
