//! Where the results of a measurement go: stdout, or stderr behind a command's own; and files.

use anyhow::{Result, bail};

use super::{
    files::Files,
    lines::Lines,
    printer::{Printer, plain},
};
use crate::{
    cli::{FileFormat as _, Format, OutputArgs},
    model::Recording,
    render::{self, Style},
};

/// The outputs of a run, opened.
#[derive(Debug)]
pub struct Results {
    printer: Printer,
    printed: Option<Format>,
    style: Style,
    lines: Lines,
    files: Files<Format>,
    are_for_others: bool,
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
            let format = format.name();
            bail!("cannot print {format}: stdout is the command's; write it to a file with --output {format}:FILE");
        }
        let results = Self::open_for(Printer::StderrAtEnd, args)?;
        let printed = results.printed.filter(|_| args.output.is_empty());
        Ok(Self { printed, ..results })
    }

    fn open_for(printer: Printer, args: &OutputArgs) -> Result<Self> {
        let files = Files::open(&args.output)?;
        let are_for_others = files.are_of_others();
        let (lines, files) = files.split(|format| format == Format::Jsonl);
        let printed = (!args.quiet).then_some(args.format);
        Ok(Self {
            printer,
            printed: printed.filter(|&format| format != Format::Jsonl),
            style: printer.style(args.color, args.top),
            lines: Lines::to(lines.into_files(), printed == Some(Format::Jsonl)),
            files,
            are_for_others,
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

    /// Whether some of them are written where another user is at home.
    #[must_use]
    pub fn are_for_others(&self) -> bool {
        self.are_for_others
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
        let formats = self.files.formats().chain(self.printed);
        if let Some(format) = formats.into_iter().find(|format| recordings.len() > 1 && !format.holds_several()) {
            bail!(
                "cannot write {} targets as {}, which holds one: name the recordings of one target at a time",
                recordings.len(),
                format.name()
            );
        }
        let plain = plain(self.style);
        let written = self.files.write(|format| all_rendered(format, recordings, &plain));
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
