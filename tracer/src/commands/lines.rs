//! Intervals as lines of JSON, on stdout and in files, while a measurement goes on.

use anyhow::{Error, Result};
use jiff::Timestamp;

use super::printer::print;
use crate::{
    collect,
    model::{Interval, IntervalLine, Target},
    output::{LineFile, OutputFile},
    render,
};

/// Where such lines go.
#[derive(Debug, Default)]
pub struct Lines {
    on_stdout: bool,
    unopened: Vec<OutputFile>,
    files: Vec<LineFile>,
    first: Option<IntervalLine>,
    failure: Option<Error>,
}

impl Lines {
    /// To these files, and to stdout or not.
    #[must_use]
    pub fn to(files: Vec<OutputFile>, on_stdout: bool) -> Self {
        Self { on_stdout, unopened: files, ..Self::default() }
    }

    /// The window is open: from now on there is something to write.
    pub fn start(&mut self, target: &Target, threshold_ns: u64, start: Timestamp) {
        for file in std::mem::take(&mut self.unopened) {
            match file.into_lines() {
                Ok(file) => self.files.push(file),
                Err(error) => self.failed(error),
            }
        }
        self.first = Some(IntervalLine::first(collect::host().hostname, target, threshold_ns, start));
    }

    /// Writes the line of a piece of the window. One output that fails takes nothing from the others.
    pub fn add(&mut self, interval: &Interval) {
        let Some(first) = &self.first else { return };
        let line = render::interval_line(&first.of(interval));
        let mut failures = Vec::new();
        self.files.retain_mut(|file| file.append(&line).map_err(|error| failures.push(error)).is_ok());
        if self.on_stdout
            && let Err(error) = print(&line)
        {
            failures.push(error);
            self.on_stdout = false;
        }
        failures.into_iter().for_each(|error| self.failed(error));
    }

    /// Ends the files.
    ///
    /// # Errors
    /// The first one of all that went wrong.
    pub fn finish(self) -> Result<()> {
        let finished = self.files.into_iter().map(LineFile::finish).fold(Ok(()), Result::and);
        self.failure.map_or(finished, Err)
    }

    fn failed(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }
}
