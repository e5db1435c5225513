//! CMD's standard streams, where they are not those that tracer was given.

use std::{fs::File, io::IsTerminal as _, path::Path};

use anyhow::{Context as _, Result};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

/// What takes the place of tracer's own streams.
#[derive(Debug, Default)]
pub struct Streams {
    /// For stdout and stderr.
    output: Option<File>,
    /// For stdin.
    input: Option<File>,
}

impl Streams {
    /// stdout and stderr go to this file, if there is one. With `keeps_keys` a terminal's keys are not for CMD.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn new(output: Option<&Path>, keeps_keys: bool) -> Result<Self> {
        let create = |path: &Path| {
            File::create(path).with_context(|| format!("cannot write what the command says to {}", path.display()))
        };
        let output = output.map(create).transpose()?;
        let input = (keeps_keys && std::io::stdin().is_terminal()).then(|| File::open("/dev/null"));
        Ok(Self { output, input: input.transpose().context("cannot open /dev/null as the command's stdin")? })
    }

    /// stdout and stderr go to `file`, and there is nothing to read.
    ///
    /// # Errors
    /// If there is no /dev/null.
    pub fn into_file(file: File) -> Result<Self> {
        let input = File::open("/dev/null").context("cannot open /dev/null as the command's stdin")?;
        Ok(Self { output: Some(file), input: Some(input) })
    }

    /// Makes them this process' own, just before its exec. Allocates nothing.
    pub fn put_in_place(&self) {
        // Both descriptors are open, and the numbers are those of the streams: nothing can fail.
        if let Some(output) = &self.output {
            let _ = dup2_stdout(output).and_then(|()| dup2_stderr(output));
        }
        if let Some(input) = &self.input {
            let _ = dup2_stdin(input);
        }
    }
}
