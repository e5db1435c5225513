//! A running workload: set up, let go, asked for its truth.

use std::{
    io::Write,
    path::Path,
    process::{ChildStdin, Command, Stdio},
    time::Duration,
};

use crate::{
    disk::{LoopDisk, Scratch},
    process::{Guarded, Lines, built},
    truth::{Ready, Truth},
};

/// Writing a file out, or a thousand threads, may take a while on a busy machine, or on one that is emulated.
const SET_UP: Duration = Duration::from_secs(120);
const WORK: Duration = Duration::from_secs(120);

/// A workload that stays alive until it is dropped or [ended](Workload::end).
pub struct Workload {
    child: Guarded,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    ready: Ready,
    // After the child: its files are in there.
    scratch: Scratch,
}

impl Workload {
    /// Starts `workload KIND ARGUMENTS`, and returns when it is set up. Blanks separate the arguments.
    ///
    /// # Panics
    /// If it does not get ready.
    #[must_use]
    pub fn start(arguments: &str) -> Self {
        Self::start_in(Scratch::on_disk(), Command::new(built("workload")), arguments)
    }

    /// The same, with its files on a disk of its own. The disk must outlive it.
    ///
    /// # Panics
    /// If it does not get ready.
    #[must_use]
    pub fn start_on(disk: &LoopDisk, arguments: &str) -> Self {
        Self::start_in(Scratch::inside(disk.path()), Command::new(built("workload")), arguments)
    }

    /// The same, started by another program, which is `command` up to the name of the program that it starts.
    ///
    /// # Panics
    /// If it does not get ready.
    #[must_use]
    pub fn start_by(mut command: Command, arguments: &str) -> Self {
        command.arg(built("workload"));
        Self::start_in(Scratch::on_disk(), command, arguments)
    }

    /// Both.
    ///
    /// # Panics
    /// If it does not get ready.
    #[must_use]
    pub fn start_by_on(mut command: Command, disk: &LoopDisk, arguments: &str) -> Self {
        command.arg(built("workload"));
        Self::start_in(Scratch::inside(disk.path()), command, arguments)
    }

    fn start_in(scratch: Scratch, mut command: Command, arguments: &str) -> Self {
        command.args(arguments.split_whitespace()).arg("--directory").arg(scratch.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Guarded::new(command.spawn().expect("starting the workload"));
        let stdin = child.child().stdin.take();
        let mut stdout = Lines::of(child.child().stdout.take().expect("stdout is a pipe"));
        let line = stdout.find(SET_UP, |_| true).expect("the workload gets ready");
        let ready = serde_json::from_str(&line).expect("the workload says that it is ready");
        Self { child, stdin, stdout, ready, scratch }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Where its files are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// The threads that exist before the work.
    #[must_use]
    pub fn tids(&self) -> Vec<u32> {
        self.ready.threads.iter().map(|thread| thread.tid).collect()
    }

    /// Lets it work, and returns what it did when it is done. It stays alive.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&mut self) -> Truth {
        self.go();
        self.truth()
    }

    /// Lets it work.
    ///
    /// # Panics
    /// If it has ended.
    pub fn go(&mut self) {
        let stdin = self.stdin.as_mut().expect("stdin is open until the end");
        stdin.write_all(b"go\n").expect("telling the workload to go");
    }

    /// Waits for what it did.
    ///
    /// # Panics
    /// If it fails.
    pub fn truth(&mut self) -> Truth {
        let line = self.stdout.find(WORK, |_| true).expect("the workload tells what it did");
        serde_json::from_str(&line).expect("the workload's truth")
    }

    /// Lets it end, and waits until it has.
    ///
    /// # Panics
    /// If it does not, or not well.
    pub fn end(&mut self) {
        drop(self.stdin.take());
        let status = self.child.wait(Duration::from_secs(10));
        assert!(status.success(), "the workload ended with {status}");
    }
}
