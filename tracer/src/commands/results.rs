//! Where the results of a measurement go: stdout and files.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, bail};

use super::lines::Lines;
use crate::{
    cli::{ColorChoice, Format, OutputArgs},
    model::Recording,
    output::OutputFile,
    render::{self, Style},
};

/// Columns where nothing tells.
const COLUMNS: usize = 120;

/// The outputs of a run, opened.
#[derive(Debug)]
pub struct Results {
    stdout: Option<Format>,
    style: Style,
    files: Vec<(Format, OutputFile)>,
    lines: Lines,
    verbose: bool,
}

impl Results {
    /// Opens what the options name.
    ///
    /// # Errors
    /// If a file could not be written.
    pub fn open(args: &OutputArgs) -> Result<Self> {
        let mut files: Vec<(Format, OutputFile)> = Vec::new();
        for spec in &args.output {
            let file = OutputFile::open(&spec.path)?;
            if files.iter().any(|(_, earlier)| earlier.is_same_file(&file)) {
                bail!("cannot write {}: it is named twice, give each output a file of its own", spec.path.display());
            }
            files.push((spec.format, file));
        }
        let (lines, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|(format, _)| *format == Format::Jsonl);
        let stdout = (!args.quiet).then_some(args.format);
        let lines = lines.into_iter().map(|(_, file)| file).collect();
        Ok(Self {
            stdout: stdout.filter(|&format| format != Format::Jsonl),
            style: Style { color: wants_color(args.color), width: columns(), top: args.top },
            files,
            lines: Lines::to(lines, stdout == Some(Format::Jsonl)),
            verbose: args.verbose,
        })
    }

    /// Whether the report for people goes to stdout.
    #[must_use]
    pub fn prints_table(&self) -> bool {
        self.stdout == Some(Format::Table)
    }

    /// Where intervals go as lines of JSON: whoever measures writes them as it goes.
    pub fn take_lines(&mut self) -> Lines {
        std::mem::take(&mut self.lines)
    }

    /// How it is laid out there.
    #[must_use]
    pub fn style(&self) -> Style {
        self.style
    }

    /// Whether somebody who waits for the results sees none of them before the end: they go to a file, or nowhere.
    #[must_use]
    pub fn are_for_later(&self) -> bool {
        self.stdout.is_none() || !self.files.is_empty()
    }

    /// Whether to say what goes on.
    #[must_use]
    pub fn verbose(&self) -> bool {
        self.verbose
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
        let formats = self.files.iter().map(|&(format, _)| format).chain(self.stdout);
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
        match self.stdout {
            Some(format) => written.and(print(&all_rendered(format, recordings, &self.style))),
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
pub fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to stdout"),
    }
}

fn wants_color(choice: ColorChoice) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

/// Width of the terminal, or of `COLUMNS`.
fn columns() -> usize {
    let terminal = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let variable = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.filter(|&columns| columns > 0).or_else(variable).unwrap_or(COLUMNS)
}
