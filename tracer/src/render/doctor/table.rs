//! The report that people read.

use super::{probes, self_test};
use crate::{
    doctor::{DoctorReport, Finding, State},
    escape::escape,
    model::Probe,
    render::{
        Style,
        color::{Paint, Tint},
        layout::{paragraph, width},
    },
    units::counted,
};

/// The report, laid out.
#[must_use]
pub fn table(report: &DoctorReport, style: &Style) -> String {
    let paint = Paint { color: style.color };
    let host = &report.host;
    let heading = [
        "tracer doctor".to_owned(),
        escape(&host.hostname),
        format!("Linux {}", escape(&host.kernel)),
        escape(&host.arch),
        counted(host.cpus.into(), "CPU", "CPUs"),
    ];
    let mut out = paint.lines(Tint::Heading, &paragraph(&heading.join(" · "), style.width));
    out += &findings("HOST", &report.findings, style);
    out += &probes::table(&report.probes, style);
    out += &findings("WHAT A MEASUREMENT TELLS HERE", &report.features, style);
    if let Some(tested) = &report.self_test {
        out += &self_test::table(tested, style);
    }
    out + "\n" + &answer(report, style)
}

/// The colour of a state.
pub fn tint(state: State) -> Tint {
    match state {
        State::Ok => Tint::Good,
        State::Missing => Tint::Disk,
        State::Limited | State::Unknown | State::Other => Tint::Warning,
    }
}

/// A list of findings: those that are amiss say why and how to get it.
fn findings(heading: &str, findings: &[Finding], style: &Style) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let paint = Paint { color: style.color };
    let mut out = paint.lines(Tint::Heading, &format!("\n{heading}\n"));
    let names = findings.iter().map(|finding| width(&escape(&finding.name))).max().unwrap_or(0);
    for finding in findings {
        let text = Text { indent: 2 + STATES + 2 + names + 2, columns: style.width };
        let name = escape(&finding.name);
        let fill = " ".repeat(names - width(&name));
        let state = format!("{:<STATES$}", finding.state.word());
        let state = paint.piece(tint(finding.state), &state);
        out += &format!("  {state}  {name}{fill}  {}", text.flow(&escape(&finding.found)));
        let more = [finding.why.as_deref(), finding.remedy.as_deref()];
        for (mark, words) in MARKS.into_iter().zip(more) {
            if let Some(words) = words {
                out += &text.labelled(mark, &escape(words), paint);
            }
        }
    }
    out
}

/// Columns of the longest state.
const STATES: usize = 7;

/// What stands before a reason, and before what helps.
pub const MARKS: [&str; 2] = ["so", "get"];

/// Text that keeps within a width, indented.
pub struct Text {
    /// Columns before each line but the first.
    pub indent: usize,
    /// Columns to keep within.
    pub columns: usize,
}

impl Text {
    /// Words from the place on that is reached already, with a newline at the end.
    pub fn flow(&self, text: &str) -> String {
        let room = self.columns.saturating_sub(self.indent).max(LEAST_TEXT);
        let (mut out, mut at) = (String::new(), 0);
        for word in text.split(' ') {
            if at > 0 && at + 1 + width(word) > room {
                out += "\n";
                out += &" ".repeat(self.indent);
                at = 0;
            } else if at > 0 {
                out.push(' ');
                at += 1;
            }
            out += word;
            at += width(word);
        }
        out + "\n"
    }

    /// The same on a line of its own, behind a label.
    pub fn labelled(&self, label: &str, text: &str, paint: Paint) -> String {
        let label = format!("{label:<LABELS$}");
        let behind = Self { indent: self.indent + LABELS, columns: self.columns };
        " ".repeat(self.indent) + &paint.piece(Tint::Faint, &label) + &behind.flow(text)
    }
}

/// Columns of a label with the blanks behind it.
const LABELS: usize = 5;

/// Text is not broken below this, even if the line gets too long.
const LEAST_TEXT: usize = 24;

/// The last lines.
fn answer(report: &DoctorReport, style: &Style) -> String {
    let chosen = |name: &str| report.probes.iter().find(|probe| probe.name == name).map(|probe| probe.chosen.label());
    let amiss = report.features.iter().filter(|feature| feature.state != State::Ok).count() as u64;
    let (tint, text) = match &report.obstacle {
        Some(obstacle) => (Tint::Disk, format!("DOES NOT WORK HERE: {}", escape(obstacle))),
        None => {
            let by = |name| chosen(name).unwrap_or("none");
            let rest = match amiss {
                0 => "nothing is missing".to_owned(),
                _ => format!("{} of the answer limited or missing", counted(amiss, "part", "parts")),
            };
            let what = format!("sendfile by {}, disk waits by {}; {rest}", by("sendfile"), by(Probe::DISK_WAITS));
            (if amiss == 0 { Tint::Good } else { Tint::Warning }, format!("WORKS: {what}"))
        }
    };
    let mut out = Paint { color: style.color }.lines(tint, &paragraph(&text, style.width));
    if let Some(tested) = &report.self_test {
        out += &self_test::answer(tested, style);
    }
    out
}
