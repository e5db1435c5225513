//! Where what a gate found goes: stdout and files.

use anyhow::Result;

use super::{
    files::Files,
    printer::{Printer, plain},
};
use crate::{
    cli::{GateFormat, GateOutputArgs},
    gate::{judged::Judged, outcome::Outcome},
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

    /// Writes what was found everywhere, files before stdout, each whole or not at all; `text` makes it for people and
    /// in the command's own JSON, and leaves the formats that all gates share. A
    /// table that is printed in GitHub Actions is followed by the workflow commands, so that the run is
    /// annotated without another option; nothing in the table itself is a command there.
    ///
    /// # Errors
    /// If one of the outputs failed; the others are written all the same.
    pub fn write(
        self,
        judged: &Judged,
        instead: Option<Outcome>,
        text: impl Fn(GateFormat, &Style) -> Option<String>,
    ) -> Result<()> {
        let text = |format, style: &Style| text(format, style).unwrap_or_else(|| shared(format, judged, instead));
        let plain = plain(self.style);
        let written = self.files.write(|format| text(format, &plain));
        let print =
            |format| Printer::Stdout.print(&printed(format, self.on_github, |format| text(format, &self.style)));
        // A reader that stands still holds up itself alone.
        written.and(self.printed.map_or(Ok(()), print))
    }
}

/// What stdout gets in this format.
fn printed(format: GateFormat, on_github: bool, text: impl Fn(GateFormat) -> String) -> String {
    if on_github && format == GateFormat::Table {
        render::gate::without_commands(&text(format)) + &text(GateFormat::Github)
    } else {
        text(format)
    }
}

/// What was found in a format that all gates share.
fn shared(format: GateFormat, judged: &Judged, instead: Option<Outcome>) -> String {
    match format {
        GateFormat::Junit => render::gate::junit(judged, instead),
        GateFormat::Github => render::gate::github(judged, instead),
        GateFormat::BenchmarkAction => render::gate::benchmark_action(judged),
        GateFormat::Bmf => render::gate::bmf(judged),
        // The command's own; of what it does not offer, there is none.
        GateFormat::Table | GateFormat::Markdown | GateFormat::Json | GateFormat::Html => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn github_gets_its_commands_behind_a_table_and_from_nowhere_else() {
        let text = |format| match format {
            GateFormat::Table => "::notice::of a name\n".to_owned(),
            GateFormat::Github => "::error::ours\n".to_owned(),
            _ => "::as it is\n".to_owned(),
        };
        assert_eq!(printed(GateFormat::Table, true, text), ": :notice::of a name\n::error::ours\n");
        assert_eq!(printed(GateFormat::Table, false, text), "::notice::of a name\n");
        assert_eq!(printed(GateFormat::Github, true, text), "::error::ours\n");
        assert_eq!(printed(GateFormat::Markdown, true, text), "::as it is\n");
    }
}
