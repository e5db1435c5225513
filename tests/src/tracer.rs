//! The program under test: started, waited for, read.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    process::{Guarded, Lines, built, exit_code},
    recording::Recording,
};

/// The verifier takes a while on a busy machine, or on one that is emulated.
const ATTACH: Duration = Duration::from_secs(120);
const REPORT: Duration = Duration::from_secs(60);

/// Options for every measurement, between blanks (docs/testing.md).
const OPTIONS: &str = "TRACER_OPTIONS";

/// A measurement that runs.
pub struct Tracer {
    child: Guarded,
    /// Whether the child is another program, which has started it.
    is_within: bool,
    stdout: Lines,
    stderr: Lines,
    folder: TempDir,
}

/// What a measurement left behind.
pub struct Outcome {
    /// Its exit code.
    pub code: i32,
    /// The table.
    pub stdout: String,
    /// Everything else that was said.
    pub stderr: String,
    /// The JSON.
    pub recording: Recording,
}

impl Tracer {
    /// Starts `tracer sendfile ARGUMENTS`, and returns when its window is open. Blanks separate the arguments.
    ///
    /// # Panics
    /// If the window does not open.
    #[must_use]
    pub fn sendfile(arguments: &str) -> Self {
        Self::begin("sendfile", arguments).in_window()
    }

    /// Starts it, and returns when it waits for its target.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn waiting(arguments: &str) -> Self {
        let mut this = Self::begin("sendfile", arguments);
        this.stderr.find(ATTACH, |line| line.starts_with("waiting for ")).expect("tracer waits");
        this
    }

    /// Returns when the window is open.
    ///
    /// # Panics
    /// If it does not open.
    #[must_use]
    pub fn in_window(mut self) -> Self {
        self.stderr.find(ATTACH, |line| line.starts_with("tracing ")).expect("the window opens");
        self
    }

    /// `tracer NAME ARGUMENTS`, as above.
    ///
    /// # Panics
    /// Likewise.
    #[must_use]
    pub fn start(name: &str, arguments: &str) -> Self {
        Self::begin(name, arguments).in_window()
    }

    /// The same, started by another program, which is `command` up to the name of the program that it starts.
    ///
    /// # Panics
    /// Likewise.
    #[must_use]
    pub fn start_by(mut command: Command, name: &str, arguments: &str) -> Self {
        command.arg(binary());
        Self { is_within: true, ..Self::begin_by(command, name, arguments) }.in_window()
    }

    /// The same, started by a program that becomes tracer; `command` goes up to tracer's own name.
    ///
    /// # Panics
    /// Likewise.
    #[must_use]
    pub fn start_as(command: Command, name: &str, arguments: &str) -> Self {
        Self::begin_by(command, name, arguments).in_window()
    }

    fn begin(name: &str, arguments: &str) -> Self {
        Self::begin_by(Command::new(binary()), name, arguments)
    }

    fn begin_by(mut command: Command, name: &str, arguments: &str) -> Self {
        let folder = TempDir::new().expect("a folder for the recording");
        // tracer may run as somebody else.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("opening the folder to everybody");
        command.arg(name).args(arguments.split_whitespace());
        command.args(std::env::var(OPTIONS).unwrap_or_default().split_whitespace());
        command.arg("-o").arg(folder.path().join(RECORDING));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Guarded::new(command.spawn().expect("starting tracer"));
        let stdout = Lines::of(child.child().stdout.take().expect("stdout is a pipe"));
        let stderr = Lines::of(child.child().stderr.take().expect("stderr is a pipe"));
        Self { child, is_within: false, stdout, stderr, folder }
    }

    /// Watches all threads of a process until it is told to stop.
    #[must_use]
    pub fn of_process(pid: u32) -> Self {
        Self::sendfile(&format!("--pid {pid}"))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Ends the measurement as Ctrl-C does, and reads what it saw.
    ///
    /// # Panics
    /// If it fails, or its recording is not valid.
    #[must_use]
    pub fn stop(self) -> Outcome {
        match self.is_within {
            true => self.child.interrupt_child(),
            false => self.child.interrupt(),
        }
        self.finish(REPORT)
    }

    /// Waits until the measurement ends by itself, and reads what it saw.
    ///
    /// # Panics
    /// If it fails or does not end, or its recording is not valid.
    #[must_use]
    pub fn finish(mut self, limit: Duration) -> Outcome {
        let status = self.child.wait(limit);
        let (code, stdout, stderr) = (exit_code(status), self.stdout.rest(), self.stderr.rest());
        let path = self.folder.path().join(RECORDING);
        note_run(code, path.is_file());
        assert_eq!(code, 0, "tracer failed:\n{stderr}");
        let recording = Recording::read(&path);
        Outcome { code, stdout, stderr, recording }
    }
}

/// Name of a recording in its folder.
pub(crate) const RECORDING: &str = "recording.json";

/// Tells the file that `TRACER_RUNS` names how a run ended: a test that is red because tracer did not measure
/// shows nothing about its figures.
pub fn note_run(code: i32, recorded: bool) {
    let Some(path) = std::env::var_os("TRACER_RUNS") else { return };
    let recording = if recorded { "recording written" } else { "no recording" };
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| writeln!(file, "exit code {code}, {recording}"))
        .unwrap_or_else(|error| panic!("noting a run in {}: {error}", path.display()));
}

/// `TRACER_BINARY`, or the one built beside this test.
#[must_use]
pub fn binary() -> PathBuf {
    std::env::var_os("TRACER_BINARY").map_or_else(|| built("tracer"), PathBuf::from)
}

/// `tracer COMMAND` on files of a folder: nothing around it changes what it prints.
#[must_use]
pub fn in_folder(folder: &Path, command: &str) -> Command {
    let mut tracer = Command::new(binary());
    tracer.arg(command).current_dir(folder).stdin(Stdio::null());
    tracer.env_remove("NO_COLOR").env_remove("GITHUB_ACTIONS").env("COLUMNS", "100");
    tracer
}

/// What it said on stderr.
#[must_use]
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
