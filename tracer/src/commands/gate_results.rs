//! Where what a gate found goes: stdout and files.

use anyhow::Result;

use super::{
    files::Files,
    printer::{Printer, plain},
};
use crate::{
    cli::{GateFormat, GateOutputArgs},
    render::{self, Style},
};

/// Rows per list.
const TOP: usize = 10;

/// The outputs of a gate, opened.
#[derive(Debug)]
pub struct GateResults {
    printed: Option<GateFormat>,
    style: Style,
    files: Files<GateFormat>,
    /// Whether GitHub reads what is printed, for workflow commands.
    on_github: bool,
}

impl GateResults {
    /// Opens what the options name.
    ///
    /// # Errors
    /// If a file could not be written, or is named twice.
    pub fn open(args: &GateOutputArgs) -> Result<Self> {
        Ok(Self {
            printed: (!args.quiet).then_some(args.format),
            style: Printer::Stdout.style(args.color, TOP),
            files: Files::open(&args.output)?,
            on_github: std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
        })
    }

    /// How what is printed is laid out.
    #[must_use]
    pub fn style(&self) -> Style {
        self.style
    }

    /// Writes what was found everywhere, files before stdout, each whole or not at all; `text` makes it in a format. A
    /// table that is printed in GitHub Actions is followed by the workflow commands, so that the run is
    /// annotated without another option; nothing in the table itself is a command there.
    ///
    /// # Errors
    /// If one of the outputs failed; the others are written all the same.
    pub fn write(self, text: impl Fn(GateFormat, &Style) -> String) -> Result<()> {
        let plain = plain(self.style);
        let written = self.files.write(|format| text(format, &plain));
        let print = |format| {
            let printed = text(format, &self.style);
            if self.on_github && format == GateFormat::Table {
                let commands = text(GateFormat::Github, &plain);
                return Printer::Stdout.print(&(render::gate::without_commands(&printed) + &commands));
            }
            Printer::Stdout.print(&printed)
        };
        // A reader that stands still holds up itself alone.
        written.and(self.printed.map_or(Ok(()), print))
    }
}
