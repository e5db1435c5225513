//! The stream that reports are printed on, and how they are laid out there.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};
use rustix::termios::tcgetwinsize;

use crate::{cli::ColorChoice, render::Style};

/// Columns where nothing tells.
const COLUMNS: usize = 120;

/// Where reports go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printer {
    /// stdout.
    Stdout,
    /// stdout is the command's that runs meanwhile, and so is stderr until it has ended.
    StderrAtEnd,
}

/// Prints on stdout. Whoever closed it has seen enough: that is no error.
///
/// # Errors
/// If it cannot be written to.
pub fn print(text: &str) -> Result<()> {
    Printer::Stdout.print(text)
}

impl Printer {
    /// Prints. Whoever closed the stream has seen enough: that is no error.
    ///
    /// # Errors
    /// If it cannot be written to.
    pub fn print(self, text: &str) -> Result<()> {
        let written = match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
            }
            Self::StderrAtEnd => io::stderr().lock().write_all(text.as_bytes()),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result.with_context(|| format!("cannot write to {}", self.name())),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::StderrAtEnd => "stderr",
        }
    }

    /// How to lay out what is printed, with at most `top` rows per list.
    pub fn style(self, color: ColorChoice, top: usize) -> Style {
        let (is_terminal, size) = match self {
            Self::Stdout => (io::stdout().is_terminal(), tcgetwinsize(io::stdout())),
            Self::StderrAtEnd => (io::stderr().is_terminal(), tcgetwinsize(io::stderr())),
        };
        let columns = size.ok().map(|size| usize::from(size.ws_col));
        Style { color: wants_color(color, is_terminal), width: width(columns), top }
    }
}

/// The same in a file, where there is no colour, and no window that could be too narrow.
pub fn plain(style: Style) -> Style {
    Style { color: false, width: COLUMNS, ..style }
}

/// Whether what is shown on stdout has colours.
#[must_use]
pub fn colors_stdout(choice: ColorChoice) -> bool {
    wants_color(choice, io::stdout().is_terminal())
}

fn wants_color(choice: ColorChoice, is_terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            is_terminal
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

/// Width of the terminal, or of `COLUMNS`.
fn width(terminal: Option<usize>) -> usize {
    let variable = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.filter(|&columns| columns > 0).or_else(variable).unwrap_or(COLUMNS)
}
