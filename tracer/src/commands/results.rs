//! Where the results of a measurement go: stdout, or stderr behind a command's own; and files.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum as _;
use rustix::termios::tcgetwinsize;

use super::lines::Lines;
use crate::{
    cli::{ColorChoice, Format, OutputArgs},
    model::Recording,
    output::OutputFile,
    render::{self, Style},
};

/// Columns where nothing tells.
const COLUMNS: usize = 120;

/// Where reports go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Printer {
    Stdout,
    /// stdout is the command's that runs meanwhile, and so is stderr until it has ended.
    StderrAtEnd,
}

/// The outputs of a run, opened.
#[derive(Debug)]
pub struct Results {
    printer: Printer,
    printed: Option<Format>,
    style: Style,
    lines: Lines,
    files: Vec<(Format, OutputFile)>,
    verbose: bool,
}

impl Results {
    /// Opens what the options name.
    ///
    /// # Errors
    /// If a file could not be written.
    pub fn open(args: &OutputArgs) -> Result<Self> {
        Self::open_for(Printer::Stdout, args)
    }

    /// Opens what the options name, beside a command that has stdout and stderr to itself: the report comes on stderr
    /// when it has ended, unless files were named for it.
    ///
    /// # Errors
    /// If a file could not be written, or stderr is to hold what a program would have to pick out of it.
    pub fn open_beside_command(args: &OutputArgs) -> Result<Self> {
        if let Some(format) = Some(args.format).filter(|&format| format != Format::Table) {
            let format = format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
            bail!("cannot print {format}: stdout is the command's; write it to a file with --output {format}:FILE");
        }
        let results = Self::open_for(Printer::StderrAtEnd, args)?;
        let printed = results.printed.filter(|_| args.output.is_empty());
        Ok(Self { printed, ..results })
    }

    fn open_for(printer: Printer, args: &OutputArgs) -> Result<Self> {
        let mut files: Vec<(Format, OutputFile)> = Vec::new();
        for spec in &args.output {
            let file = OutputFile::open(&spec.path)?;
            if files.iter().any(|(_, earlier)| earlier.is_same_file(&file)) {
                bail!("cannot write {}: it is named twice, give each output a file of its own", spec.path.display());
            }
            files.push((spec.format, file));
        }
        let (lines, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|(format, _)| *format == Format::Jsonl);
        let printed = (!args.quiet).then_some(args.format);
        let lines = lines.into_iter().map(|(_, file)| file).collect();
        Ok(Self {
            printer,
            printed: printed.filter(|&format| format != Format::Jsonl),
            style: printer.style(args),
            lines: Lines::to(lines, printed == Some(Format::Jsonl)),
            files,
            verbose: args.verbose,
        })
    }

    /// Whether the report for people is printed.
    #[must_use]
    pub fn prints_table(&self) -> bool {
        self.printed == Some(Format::Table)
    }

    /// How it is laid out there.
    #[must_use]
    pub fn style(&self) -> Style {
        self.style
    }

    /// Whether somebody who waits for the results sees none of them before the end: they go to a file, or nowhere.
    #[must_use]
    pub fn are_for_later(&self) -> bool {
        self.printed.is_none() || !self.files.is_empty()
    }

    /// Whether a command has the standard streams to itself until it has ended.
    #[must_use]
    pub fn come_after_command(&self) -> bool {
        self.printer == Printer::StderrAtEnd
    }

    /// The intervals that are written as it goes; once.
    #[must_use]
    pub fn take_lines(&mut self) -> Lines {
        std::mem::take(&mut self.lines)
    }

    /// Whether to say what goes on.
    #[must_use]
    pub fn verbose(&self) -> bool {
        self.verbose
    }

    /// Prints a part of the report.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn print(&self, text: &str) -> Result<()> {
        self.printer.print(text)
    }

    /// Writes the recording everywhere.
    ///
    /// # Errors
    /// If one of the outputs failed; the others are written all the same.
    pub fn write(self, recording: &Recording) -> Result<()> {
        self.write_all(std::slice::from_ref(recording))
    }

    /// Writes several recordings everywhere, one behind the other.
    ///
    /// # Errors
    /// If an output is of a format that holds one: then nothing is written. Otherwise likewise.
    pub fn write_all(self, recordings: &[Recording]) -> Result<()> {
        let formats = self.files.iter().map(|&(format, _)| format).chain(self.printed);
        if let Some(format) = formats.into_iter().find(|format| recordings.len() > 1 && !format.holds_several()) {
            bail!(
                "cannot write {} targets as {}, which holds one: name the recordings of one target at a time",
                recordings.len(),
                format.name()
            );
        }
        // In a file there is no colour, and no window that could be too narrow.
        let plain = Style { color: false, width: COLUMNS, ..self.style };
        let written =
            self.files.into_iter().map(|(format, file)| file.write(&all_rendered(format, recordings, &plain)));
        // Files before stdout: a reader that stands still holds up itself alone.
        let written = written.fold(Ok(()), Result::and);
        match self.printed {
            Some(format) => written.and(self.printer.print(&all_rendered(format, recordings, &self.style))),
            None => written,
        }
    }
}

/// Recordings as text, an empty line between them.
fn all_rendered(format: Format, recordings: &[Recording], style: &Style) -> String {
    let texts: Vec<_> = recordings.iter().map(|recording| rendered(format, recording, style)).collect();
    texts.join("\n")
}

/// A recording as text: the one place that knows every format.
#[must_use]
pub fn rendered(format: Format, recording: &Recording, style: &Style) -> String {
    match format {
        Format::Table => render::table(recording, style),
        Format::Json => render::json(recording),
        Format::Html => render::html(recording),
        Format::Folded => render::folded(recording),
        // They were written as it went.
        Format::Jsonl => String::new(),
        Format::Markdown => render::markdown(recording, style.top),
        Format::Openmetrics => render::openmetrics(recording),
        Format::Hlog => render::hlog(recording),
        Format::Bpftrace => render::bpftrace(recording),
    }
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
    fn print(self, text: &str) -> Result<()> {
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

    fn style(self, args: &OutputArgs) -> Style {
        let (is_terminal, size) = match self {
            Self::Stdout => (io::stdout().is_terminal(), tcgetwinsize(io::stdout())),
            Self::StderrAtEnd => (io::stderr().is_terminal(), tcgetwinsize(io::stderr())),
        };
        let columns = size.ok().map(|size| usize::from(size.ws_col));
        Style { color: wants_color(args.color, is_terminal), width: width(columns), top: args.top }
    }
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
