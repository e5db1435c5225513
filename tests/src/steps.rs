//! A process that does as the test tells it, step by step: so the test knows what it did as what.

use std::{
    io::Write,
    os::unix::fs::symlink,
    process::{ChildStdin, Command, Stdio},
    time::Duration,
};

use crate::{
    disk::Scratch,
    process::{Guarded, Lines, built},
};

const STEP: Duration = Duration::from_secs(30);

/// `workload steps`, killed on drop.
pub struct Steps {
    child: Guarded,
    stdin: ChildStdin,
    stdout: Lines,
    // After the child: its files are in there.
    _scratch: Scratch,
}

impl Steps {
    /// Starts it, as a program that is called `name`.
    ///
    /// # Panics
    /// If it does not get ready.
    #[must_use]
    pub fn start(name: &str) -> Self {
        let scratch = Scratch::on_disk();
        let program = scratch.path().join(name);
        symlink(built("workload"), &program).expect("giving the workload another name");
        let mut command = Command::new(program);
        command.args(["steps", "--directory"]).arg(scratch.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Guarded::new(command.spawn().expect("starting the workload"));
        let stdin = child.child().stdin.take().expect("stdin is a pipe");
        let mut stdout = Lines::of(child.child().stdout.take().expect("stdout is a pipe"));
        stdout.find(STEP, |line| line.contains("\"ready\"")).expect("the workload gets ready");
        let mut this = Self { child, stdin, stdout, _scratch: scratch };
        writeln!(this.stdin, "go").expect("telling the workload to go");
        this
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Lets it make so many calls, and returns when it has.
    pub fn calls(&mut self, count: u32) {
        self.step(&format!("calls {count}"));
    }

    /// Gives it another name.
    pub fn rename(&mut self, name: &str) {
        self.step(&format!("name {name}"));
    }

    /// Lets another thread of it begin a call that does not return; it sleeps when this returns.
    pub fn hold(&mut self) {
        self.step("hold");
    }

    /// Lets that call return.
    pub fn release(&mut self) {
        self.step("release");
    }

    fn step(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("telling the workload what to do");
        self.stdout.find(STEP, |line| line == "done").expect("the workload does as it is told");
    }

    /// Lets it end, and waits until it has.
    ///
    /// # Panics
    /// If it does not, or not well.
    pub fn end(self) {
        let Self { mut child, stdin, .. } = self;
        drop(stdin);
        let status = child.wait(STEP);
        assert!(status.success(), "the workload ended with {status}");
    }
}
