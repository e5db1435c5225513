//! How a person follows a measurement: a line, intervals, or the live view.

use anyhow::{Result, bail};

use super::{printer::colors_stdout, progress::Progress};
use crate::{
    child::Child,
    cli::{Format, HowArgs, OutputArgs},
    collect::ignores_hangup,
    live::{self, Live},
    measure::measure,
    model::Recording,
    options::{Measurement, RECORDED_INTERVAL},
    stderr::say,
};

/// What a person sees while a measurement goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// A line that shows how far it is, where nothing else comes.
    Line,
    /// The figures of each interval.
    Intervals,
    /// The live view, with these colours or without.
    View {
        /// Whether it has colours.
        color: bool,
    },
}

impl Follow {
    /// What the user asks for, as far as the terminal allows it. `has_output`: a command that runs meanwhile, if there
    /// is one, writes elsewhere.
    ///
    /// # Errors
    /// If somebody else would write on the same terminal.
    pub fn chosen(how: &HowArgs, output: &OutputArgs, has_output: bool) -> Result<Self> {
        match (how.live(), how.reports_intervals()) {
            (false, false) => Ok(Self::Line),
            (false, true) => Ok(Self::Intervals),
            (true, _) if !live::can_show() => {
                say("tracer: no live view: stdout is no terminal that could show it; a line for each interval instead");
                Ok(Self::Intervals)
            }
            // A terminal that goes away would not end it, and nobody would be there to see it.
            (true, _) if ignores_hangup() => {
                say("tracer: no live view: hangups are ignored (nohup); a line for each interval instead");
                Ok(Self::Intervals)
            }
            (true, _) if !has_output => bail!(
                "cannot show the live view: the command writes to the same terminal; send what it says elsewhere \
                 with --command-output FILE"
            ),
            (true, _) if !output.quiet && output.format == Format::Jsonl => bail!(
                "cannot show the live view: lines of JSON would come on the same terminal; write them to a file with \
                 --output jsonl:FILE"
            ),
            (true, _) => Ok(Self::View { color: colors_stdout(output.color) }),
        }
    }

    /// What it takes of a measurement.
    pub fn apply(self, options: &mut Measurement) {
        if self == Self::Intervals {
            options.interval.get_or_insert(RECORDED_INTERVAL);
        }
    }

    /// Measures, and lets `progress` and whoever watches know how it goes.
    ///
    /// # Errors
    /// Those of [`measure`].
    pub fn measure(
        self,
        options: &Measurement,
        child: Option<&mut Child>,
        mut progress: Progress,
    ) -> (Result<Recording>, Progress) {
        let Self::View { color } = self else {
            let measured = measure(options, child, &mut progress);
            return (measured, progress);
        };
        let mut live = Live::over(progress, color);
        let measured = measure(options, child, &mut live);
        (measured, live.finish())
    }
}
