//! Running other programs: what runs is shown first, and a failure says which program failed and how.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

use crate::privilege::Root;

/// A program to run, with its arguments and environment.
#[derive(Debug)]
pub struct Run {
    command: Command,
}

impl Run {
    /// `program` is looked up in PATH unless it is a path.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self { command: Command::new(program) }
    }

    /// The cargo that runs this task; TRACER_EBPF_OBJECT, which only the faults set, does not reach it.
    pub fn cargo() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new(cargo).without_env(|name| name == "TRACER_EBPF_OBJECT")
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Keeps the inherited variables that `unwanted` names from the program.
    pub fn without_env(mut self, unwanted: impl Fn(&str) -> bool) -> Self {
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(&unwanted) {
                self.command.env_remove(name);
            }
        }
        self
    }

    pub fn current_dir(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// The same program, run through sudo where `root` says so. sudo clears the environment, so what
    /// [`Run::env`] set is handed through `env`.
    pub fn through(self, root: Root) -> Self {
        let Some(sudo) = root.sudo() else { return self };
        let mut sudo_run = Self::new("sudo").args(sudo).args(["--", "env"]);
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                let mut pair = OsString::from(name);
                pair.push("=");
                pair.push(value);
                sudo_run = sudo_run.arg(pair);
            }
        }
        if let Some(directory) = self.command.get_current_dir() {
            sudo_run = sudo_run.current_dir(directory);
        }
        sudo_run.arg(self.command.get_program()).args(self.command.get_args())
    }

    /// Runs it to its end; an error unless it succeeds.
    pub fn status(mut self) -> Result<()> {
        self.show();
        let status = self.command.status().with_context(|| self.cannot_run())?;
        self.must_succeed(status)
    }

    /// Its standard output; an error unless it succeeds. Shows nothing: for questions, not for work.
    pub fn capture(mut self) -> Result<String> {
        let output = self.command.stderr(Stdio::inherit()).output().with_context(|| self.cannot_run())?;
        self.must_succeed(output.status)?;
        String::from_utf8(output.stdout).with_context(|| format!("the output of {} is not UTF-8", self.program()))
    }

    /// Like [`Run::capture`], but without its standard error and `None` if it fails or is not there.
    pub fn answer(mut self) -> Option<String> {
        let output = self.command.stderr(Stdio::null()).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it, handing each line of its standard output to `each` as it comes, and returns how it ended.
    pub fn for_each_line(mut self, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
        self.show();
        let mut child = self.command.stdout(Stdio::piped()).spawn().with_context(|| self.cannot_run())?;
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).with_context(|| format!("reading from {}", self.program()))? > 0 {
                each(String::from_utf8_lossy(&line).trim_end_matches('\n'));
                line.clear();
            }
        }
        child.wait().with_context(|| format!("waiting for {}", self.program()))
    }

    /// Becomes the program: it keeps the terminal, and its exit code is the task's.
    pub fn exec(mut self) -> Result<std::convert::Infallible> {
        self.show();
        let error = self.command.exec();
        Err(error).with_context(|| self.cannot_run())
    }

    fn show(&self) {
        let set = self
            .command
            .get_envs()
            .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), quoted(value?))));
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args()).map(quoted);
        eprintln!("$ {}", set.chain(words).collect::<Vec<_>>().join(" "));
    }

    fn program(&self) -> String {
        self.command.get_program().to_string_lossy().into_owned()
    }

    fn cannot_run(&self) -> String {
        format!("cannot run {}", self.program())
    }

    fn must_succeed(&self, status: ExitStatus) -> Result<()> {
        if !status.success() {
            let first = self.command.get_args().next().map(|arg| format!(" {}", quoted(arg))).unwrap_or_default();
            bail!("{}{first} failed: {}", self.program(), ending(status));
        }
        Ok(())
    }
}

/// How a program ended, in words.
pub fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// A word as a shell would want it. The separator of CARGO_ENCODED_RUSTFLAGS is shown as a space.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy().replace('\u{1f}', " ");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_only_where_a_shell_needs_it() {
        assert_eq!(quoted(OsStr::new("--target=a_b/c.o")), "--target=a_b/c.o");
        assert_eq!(quoted(OsStr::new("")), "''");
        assert_eq!(quoted(OsStr::new("it's")), r"'it'\''s'");
        assert_eq!(quoted(OsStr::new("-C\u{1f}debuginfo=2")), "'-C debuginfo=2'");
    }

    #[test]
    fn lines_arrive_whole_and_the_ending_is_told() {
        let mut lines = Vec::new();
        let run = Run::new("sh").args(["-c", r"printf 'one\ntwo'; exit 3"]);
        let status = run.for_each_line(|line| lines.push(line.to_owned())).unwrap();
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(ending(status), "exit code 3");
    }

    #[test]
    fn a_missing_program_and_a_failing_one_are_named() {
        let missing = Run::new("/nonexistent/program").capture().unwrap_err();
        assert_eq!(missing.to_string(), "cannot run /nonexistent/program");
        let failing = Run::new("false").capture().unwrap_err();
        assert_eq!(failing.to_string(), "false failed: exit code 1");
    }

    #[test]
    fn sudo_gets_the_environment_and_the_arguments() {
        let run = Run::new("tracer").arg("demo").env("A", "b c").through(Root::SudoWithoutPassword);
        let words: Vec<_> = run.command.get_args().map(|word| word.to_string_lossy()).collect();
        assert_eq!(run.program(), "sudo");
        assert_eq!(words, ["-n", "--", "env", "A=b c", "tracer", "demo"]);
    }
}
