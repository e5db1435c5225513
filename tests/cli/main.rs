//! The command line as a person and a script meet it: the real program, its exit codes and what it says.

mod btf;
mod ci;
mod demo;
mod doctor;
mod help;
mod interval;
mod outputs;
mod privileges;
mod run;
mod schema;
mod signals;
mod streams;
mod target;
mod usage;

use std::{
    ffi::OsStr,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tests::{
    process::{Guarded, Lines, exit_code},
    tracer::binary,
};

/// Exit codes.
const OK: i32 = 0;
const USAGE: i32 = 2;
const FAILED: i32 = 4;
/// tracer failed where a command was to run.
const FAILED_BESIDE_COMMAND: i32 = 125;

const LIMIT: Duration = Duration::from_secs(60);

/// What a run of tracer left behind.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

/// A run of tracer that goes on.
struct Running {
    child: Guarded,
    stdout: Option<Lines>,
    stderr: Option<Lines>,
}

/// `tracer ARGUMENTS`; blanks separate them.
fn tracer(arguments: &str) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments.split_whitespace());
    command
}

/// `tracer ARGUMENTS` after a shell script has prepared its surroundings, in which `$@` is that command.
fn tracer_after(script: &str, arguments: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-euc", script, "sh"]).arg(binary()).args(arguments.split_whitespace());
    command
}

/// The same, in a mount namespace of its own: what the script mounts nobody else sees.
fn tracer_in_private_mounts(script: &str, arguments: &str) -> Command {
    let after = tracer_after(script, arguments);
    let mut command = Command::new("unshare");
    command.args(["--mount", "--"]).arg(after.get_program()).args(after.get_args());
    command
}

/// Runs it to its end.
fn run(command: Command) -> Ran {
    Running::start(command).end()
}

impl Running {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Guarded::new(command.spawn().unwrap_or_else(|error| panic!("starting {command:?}: {error}")));
        let stdout = child.child().stdout.take().map(Lines::of);
        let stderr = child.child().stderr.take().map(Lines::of);
        Self { child, stdout, stderr }
    }

    /// Starts it, and returns when its window is open.
    fn in_window(command: Command) -> Self {
        let mut this = Self::start(command);
        this.await_said(|line| line.starts_with("tracing "));
        this
    }

    fn await_said(&mut self, fits: impl Fn(&str) -> bool) -> String {
        self.stderr.as_mut().expect("stderr is read").find(LIMIT, fits).expect("what tracer says")
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.pid().cast_signed()).expect("a child's id is above 0");
        kill_process(pid, signal).expect("tracer still runs");
    }

    fn end(mut self) -> Ran {
        let code = exit_code(self.child.wait(LIMIT));
        let rest = |lines: Option<Lines>| lines.map(Lines::rest).unwrap_or_default();
        let ran = Ran { code, stdout: rest(self.stdout.take()), stderr: rest(self.stderr.take()) };
        assert!(!ran.stderr.contains("panicked") && code != 101, "tracer panicked:\n{}", ran.stderr);
        ran
    }
}

impl Ran {
    /// It measured, and complained of nothing.
    fn assert_measured(&self) {
        assert_eq!(self.code, OK, "{}", self.stderr);
        assert!(self.said().starts_with("tracing sendfile of "), "{}", self.stderr);
        assert_eq!(self.said().lines().count(), 1, "{}", self.stderr);
    }

    /// It refused before any window opened: one line that says all of `words`, and nothing else.
    fn assert_refused(&self, code: i32, words: &[&str]) {
        assert!(!self.stderr.contains("tracing "), "the window opened:\n{}", self.stderr);
        self.assert_failed(code, words);
        assert_eq!(self.stdout, "");
    }

    /// It failed, before or after the window: one line that says all of `words`.
    fn assert_failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        let errors: Vec<_> = self.stderr.lines().filter(|line| !line.starts_with("tracing ")).collect();
        assert_eq!(errors.len(), 1, "not one line:\n{}", self.stderr);
        assert!(errors[0].starts_with("tracer: "), "{}", errors[0]);
        for word in words {
            assert!(errors[0].contains(word), "no {word:?} in: {}", errors[0]);
        }
    }

    /// What it said beside the demonstration's address.
    fn said(&self) -> &str {
        self.stderr.trim_end()
    }
}

/// A process that does nothing.
fn idle() -> Guarded {
    Guarded::new(Command::new("sleep").arg("120").stdin(Stdio::null()).spawn().expect("starting sleep"))
}

/// Names in a directory, hidden ones too.
fn names_in(directory: impl AsRef<OsStr>) -> Vec<String> {
    let entries = std::fs::read_dir(directory.as_ref()).expect("reading a directory");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
