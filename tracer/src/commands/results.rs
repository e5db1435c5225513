//! Where the results of a measurement go: stdout, files, and what is said meanwhile on stderr.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;

use super::lines::Lines;
use crate::{
    cli::{ColorChoice, Format, OutputArgs},
    escape::escape,
    measure::Observer,
    model::{Interval, Recording, Target},
    options::Measurement,
    output::OutputFile,
    render::{self, Style},
    say, units,
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

    /// How it is laid out there.
    #[must_use]
    pub fn style(&self) -> Style {
        self.style
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
        Format::Folded => render::folded(recording),
        // They were written as it went.
        Format::Jsonl => String::new(),
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

/// Says on stderr how a measurement goes, and prints the intervals that the user asked for.
#[derive(Debug)]
pub struct Progress {
    title: String,
    prints_lines: bool,
    style: Style,
    verbose: bool,
    lines: usize,
    json_lines: Lines,
    threshold_ns: u64,
}

impl Progress {
    /// Of a measurement with these results; for people, each interval is reported or not.
    #[must_use]
    pub fn new(results: &mut Results, options: &Measurement, reports_intervals: bool) -> Self {
        Self {
            title: options.title(),
            prints_lines: reports_intervals && results.prints_table(),
            style: results.style,
            verbose: results.verbose,
            lines: 0,
            json_lines: std::mem::take(&mut results.lines),
            threshold_ns: options.threshold_ns,
        }
    }

    /// Ends what was written as it went.
    ///
    /// # Errors
    /// If a line could not be written.
    pub fn finish(self) -> Result<()> {
        self.json_lines.finish()
    }
}

impl Observer for Progress {
    fn started(&mut self, target: &Target, start: Timestamp, duration: Option<Duration>) {
        self.json_lines.start(target, self.threshold_ns, start);
        let comm = escape(target.processes.first().map_or("", |process| &process.comm));
        let until = match duration {
            Some(duration) => {
                format!("for {}", units::setting(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
            }
            None => "until Ctrl-C".into(),
        };
        say(&format!("tracing {} of {} ({comm}) {until}", self.title, target.selector));
    }

    fn interval(&mut self, interval: &Interval) {
        self.json_lines.add(interval);
        if self.prints_lines {
            // A closed pipe ends the lines, not the measurement.
            let header = match self.lines % render::INTERVAL_HEADER_EVERY {
                0 => render::interval_header(interval, &self.style),
                _ => String::new(),
            };
            self.lines += 1;
            self.prints_lines = print(&(header + &render::interval_lines(interval, &self.style))).is_ok();
        }
    }

    fn warning(&mut self, text: &str) {
        say(&format!("tracer: {}", escape(text)));
    }

    fn detail(&mut self, text: &str) {
        if self.verbose {
            say(&format!("tracer: {text}"));
        }
    }
}
