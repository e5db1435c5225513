//! A command that runs under tracer.

use std::{
    io::{Read, Write},
    path::Path,
    process::{ChildStdin, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    process::{Guarded, Lines, exit_code, only_child},
    recording::Recording,
    tracer::{RECORDING, binary, note_run},
    wait::soon,
};

const LIMIT: Duration = Duration::from_secs(60);

/// `tracer ARGUMENTS -o RECORDING -- WORDS` with the recording in `folder`; blanks separate the arguments.
#[must_use]
pub fn command(arguments: &str, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments.split_whitespace()).arg("-o").arg(folder.join(RECORDING)).arg("--").args(words);
    command
}

/// The same command as at a prompt: who runs the tests in the background may have made them ignore interrupts.
#[must_use]
pub fn at_a_prompt(command: &Command) -> Command {
    let mut env = Command::new("env");
    env.arg("--default-signal=INT,QUIT").arg(command.get_program()).args(command.get_args());
    env
}

/// A command that runs under tracer, and that one can talk to.
pub struct UnderTracer {
    child: Guarded,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
    folder: TempDir,
}

/// What is left of it, letter for letter.
pub struct Ended {
    /// tracer's exit code, which is the command's.
    pub code: i32,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it said, and tracer behind it.
    pub stderr: Vec<u8>,
    /// The JSON, if tracer wrote one.
    pub recording: Option<Recording>,
}

impl Ended {
    /// What was said, as text.
    #[must_use]
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The recording, without losses.
    ///
    /// # Panics
    /// If there is none.
    pub fn recording(&self) -> &Recording {
        let recording = self.recording.as_ref().unwrap_or_else(|| panic!("no recording: {}", self.said()));
        recording.assert_nothing_lost();
        recording
    }
}

/// Lets `tracer run ARGUMENTS -- WORDS` run to its end, with `input` on stdin.
///
/// # Panics
/// If it does not end.
#[must_use]
pub fn run(arguments: &str, words: &[&str], input: &[u8]) -> Ended {
    let folder = TempDir::new().expect("a folder for the recording");
    run_in(command(&format!("run {arguments}"), folder.path(), words), &folder, input)
}

/// The same with a command that was made with [`command`] and changed.
///
/// # Panics
/// If it does not end.
#[must_use]
pub fn run_in(mut command: Command, folder: &TempDir, input: &[u8]) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Guarded::new(command.spawn().expect("starting tracer"));
    let mut stdin = child.child().stdin.take().expect("stdin is a pipe");
    let stdout = bytes_of(child.child().stdout.take().expect("stdout is a pipe"));
    let stderr = bytes_of(child.child().stderr.take().expect("stderr is a pipe"));
    let input = input.to_vec();
    // A command that does not read it all closes it.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let code = exit_code(child.wait(LIMIT));
    writer.join().expect("the writer cannot panic");
    let read = |reader: thread::JoinHandle<Vec<u8>>| reader.join().expect("a reader cannot panic");
    Ended { code, stdout: read(stdout), stderr: read(stderr), recording: recording_in(folder, code) }
}

fn bytes_of(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before a failure is what there is.
        let _ = stream.read_to_end(&mut bytes);
        bytes
    })
}

fn recording_in(folder: &TempDir, code: i32) -> Option<Recording> {
    let path = folder.path().join(RECORDING);
    let is_there = path.is_file();
    note_run(code, is_there);
    is_there.then(|| Recording::read(&path))
}

impl UnderTracer {
    /// Starts `tracer run ARGUMENTS -- WORDS`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(arguments: &str, words: &[&str]) -> Self {
        Self::start_as(&format!("run {arguments}"), words)
    }

    /// Starts `tracer ARGUMENTS -- WORDS`, whatever the arguments begin with.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start_as(arguments: &str, words: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder for the recording");
        let mut command = at_a_prompt(&command(arguments, folder.path(), words));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Guarded::new(command.spawn().expect("starting tracer"));
        let stdin = child.child().stdin.take();
        let stdout = Lines::of(child.child().stdout.take().expect("stdout is a pipe"));
        let stderr = Lines::of(child.child().stderr.take().expect("stderr is a pipe"));
        Self { child, stdin, stdout, stderr, folder }
    }

    /// tracer's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Whether tracer has not ended yet.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.child.is_running()
    }

    /// The command's process id, as soon as there is a process for it.
    ///
    /// # Panics
    /// If there never is.
    pub fn command_pid(&self) -> u32 {
        soon(|| only_child(self.pid()).ok().flatten()).expect("tracer starts a process for the command")
    }

    /// The next line on stderr that fits.
    ///
    /// # Panics
    /// If none comes.
    pub fn said(&mut self, fits: impl Fn(&str) -> bool) -> String {
        self.stderr.find(LIMIT, fits).expect("a line on stderr")
    }

    /// The next line that the command prints and that fits.
    ///
    /// # Panics
    /// If none comes.
    pub fn printed(&mut self, fits: impl Fn(&str) -> bool) -> String {
        self.stdout.find(LIMIT, fits).expect("what the command prints")
    }

    /// Sends tracer, and tracer alone, a signal.
    ///
    /// # Panics
    /// If it has ended.
    pub fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Ends what the command reads.
    pub fn close_stdin(&mut self) {
        drop(self.stdin.take());
    }

    /// Waits for the end of tracer alone, however that comes.
    ///
    /// # Panics
    /// If it does not end.
    pub fn wait(&mut self) -> i32 {
        exit_code(self.child.wait(LIMIT))
    }

    /// Waits for its end, and reads what is left.
    ///
    /// # Panics
    /// If it does not end.
    #[must_use]
    pub fn finish(mut self) -> Ended {
        let code = self.wait();
        let recording = recording_in(&self.folder, code);
        Ended { code, stdout: self.stdout.rest().into(), stderr: self.stderr.rest().into(), recording }
    }
}

/// Sends a process a signal.
///
/// # Panics
/// If there is no such process.
pub fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("an id is above 0");
    kill_process(pid, signal).expect("signalling a process that still runs");
}
