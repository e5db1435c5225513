//! A terminal with a program in it, and somebody at its keys.

use std::{
    io::Write,
    process::{ChildStdin, Command, Stdio},
    time::Duration,
};

use crate::{
    process::{Guarded, Lines, exit_code},
    under_tracer::at_a_prompt,
};

const LIMIT: Duration = Duration::from_secs(60);

/// A program that has a terminal of its own.
pub struct Terminal {
    script: Guarded,
    keys: ChildStdin,
    screen: Lines,
}

impl Terminal {
    /// Starts a command line of sh(1) in a new terminal.
    ///
    /// # Panics
    /// If script(1) cannot be started.
    #[must_use]
    pub fn start(command_line: &str) -> Self {
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", command_line, "/dev/null"]);
        let mut command = at_a_prompt(&command);
        command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = Guarded::new(command.spawn().expect("starting script"));
        let keys = script.child().stdin.take().expect("stdin is a pipe");
        let screen = Lines::of(script.child().stdout.take().expect("stdout is a pipe"));
        Self { script, keys, screen }
    }

    /// The process id of script(1), whose child the program is.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.script.pid()
    }

    /// Presses keys.
    ///
    /// # Panics
    /// If the terminal is gone.
    pub fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).and_then(|()| self.keys.flush()).expect("pressing keys");
    }

    /// The next line on the screen that fits, without the line's end. What was typed may stand before it.
    ///
    /// # Panics
    /// If none comes.
    pub fn shows(&mut self, fits: impl Fn(&str) -> bool) -> String {
        let line = self.screen.find(LIMIT, |line| fits(line.trim_end())).expect("what the screen shows");
        line.trim_end().to_owned()
    }

    /// Waits until the program has ended; its exit code, and all that the screen showed.
    ///
    /// # Panics
    /// If it does not end.
    #[must_use]
    pub fn end(mut self) -> (i32, String) {
        let code = exit_code(self.script.wait(LIMIT));
        (code, self.screen.rest())
    }
}
